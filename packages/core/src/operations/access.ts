import { clusterCommand } from '../commands.js'
import { authoritiesOutOfReach, knownAuthorities } from '../certificates/lost-authorities.js'
import type { CertificateAuthorities, ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { ClusterKubeconfig, Clusters } from '../contracts/clusters.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { awaitReachable } from '../converge/await-reachable.js'
import { KnestError } from '../errors.js'
import { openForwardServer } from '../kube/index.js'
import { controlPlanePool, nodeName } from '../names.js'
import { adminKubeconfig, unreached } from '../nested-api/admin-kubeconfig.js'
import { apiTargets } from '../nested-api/api-targets.js'
import { dialAny } from '../nested-api/open.js'
import { firstReachable } from '../nested-api/reachable.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { notCreated, phaseTable } from '../phases/index.js'
import { readRecord, type OperationTools } from './tools.js'

export type AccessOperation = Pick<Clusters, 'kubeconfig' | 'openApi' | 'forwardApi' | 'openNode'>

export function accessOperation({ parts }: Pick<OperationTools, 'parts'>): AccessOperation {
  const { home } = parts
  const nodesOf = async (ref: ClusterRef, signal: AbortSignal): Promise<Found> => {
    const record = await readRecord(parts, ref, signal)
    return { record, nodes: await listNodes(record, await backendsOf(parts, record), signal) }
  }

  /** The home, with the authorities that only a control plane has still. */
  const homeOf = ({ record, nodes }: Found): ClusterHome => ({
    ...home,
    readAuthorities: (_, signal) => knownAuthorities({ record, home, nodes }, signal),
  })

  return {
    kubeconfig: async (ref, signal) => {
      const record = await readRecord(parts, ref, signal)
      const isKept = (await home.readAuthorities(ref, signal)) !== undefined
      if (isKept || !phaseTable[record.phase].isCreated) return adminAccess(parts, record, signal)
      return adminAccess({ home: homeOf(await nodesOf(ref, signal)) }, record, signal)
    },

    openApi: async (ref, signal) => {
      const { record, nodes } = await nodesOf(ref, signal)
      const api = await tryNestedApi({ ...parts, home: homeOf({ record, nodes }) }, record, nodes, signal)
      if (api === undefined) throw noControlPlane(ref)
      return api
    },

    forwardApi: async (ref, port, signal) => {
      const { record, nodes } = await nodesOf(ref, signal)
      const running = nodes.filter(({ role, phase }) => role === 'control-plane' && phase === 'running')
      const authorities = await knownAuthorities({ record, home, nodes }, signal)
      if (running.length === 0 || authorities === undefined) throw noControlPlane(ref)
      const handles = await Promise.all(
        running.map(({ backend, name }) => backend.openNode(ref, name, signal)),
      )
      const server = await openForwardServer({ dial: dialAny(handles), port })
      // Every certificate has this address: kubeadm is told so when a cluster begins.
      const url = `https://127.0.0.1:${server.port}`
      const kubeconfig = await adminKubeconfig({ record, home, authorities }, signal, { url, named: true })
      return { port: server.port, kubeconfig, close: () => server.close() }
    },

    openNode: async (ref, node, signal) => {
      const { nodes } = await nodesOf(ref, signal)
      const found = nodes.find(({ name }) => name === node)
      if (found === undefined) throw noNode(ref, node, nodes)
      return found.backend.openNode(ref, node, signal)
    },
  }
}

interface Found {
  readonly record: ClusterRecord
  readonly nodes: readonly BackendNode[]
}

/** The admin's kubeconfig, with the address this machine reaches if there is one. */
export async function adminAccess(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ClusterKubeconfig> {
  const authorities = await home.readAuthorities(record, signal)
  if (authorities === undefined)
    throw phaseTable[record.phase].isCreated ? outOfReach(record) : notCreated(record)
  return accessWith({ home, record, authorities }, signal)
}

/** The same for a cluster that is handed over: it answers, where anything reaches it at all. */
export async function settledAccess(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  run: Pick<RunOptions, 'progress' | 'signal'>,
): Promise<ClusterKubeconfig> {
  await awaitReachable(home, record, run)
  return adminAccess({ home }, record, run.signal)
}

async function accessWith(
  sources: Pick<Parts, 'home'> & {
    readonly record: ClusterRecord
    readonly authorities: CertificateAuthorities
  },
  signal: AbortSignal,
): Promise<ClusterKubeconfig> {
  const { home, record, authorities } = sources
  const urls = await home.apiUrls(record, signal)
  const reached = await firstReachable(apiTargets(record, authorities.ca.cert, urls), signal)
  const [first] = urls
  const where = reached ?? (first === undefined ? unreached(record) : { url: first, named: false })
  const kubeconfig = await adminKubeconfig(sources, signal, where)
  return { kubeconfig, server: where.url, reachable: reached !== undefined }
}

function outOfReach(record: ClusterRecord): KnestError {
  const names = Array.from({ length: record.spec.controlPlane.count }, (_, index) =>
    nodeName(record.name, controlPlanePool, index),
  )
  return authoritiesOutOfReach(record, names)
}

function noControlPlane(ref: ClusterRef): KnestError {
  return new KnestError('prerequisite', `no control plane of cluster "${ref.name}" answers`, {
    hint: `see: ${clusterCommand('status', ref)}`,
  })
}

function noNode({ name }: ClusterRef, node: string, nodes: readonly BackendNode[]): KnestError {
  return new KnestError('not-found', `cluster "${name}" has no node "${node}"`, {
    hint: `its nodes are ${nodes.map((each) => each.name).join(', ')}`,
  })
}
