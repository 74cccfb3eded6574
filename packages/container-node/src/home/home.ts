import { KnestError, labels, managedByKnest, nodeIndex, objectNames } from '@knest/core'
import type {
  CertificateAuthorities,
  ClusterAddresses,
  ClusterHome,
  ClusterRecord,
  ClusterRef,
  OccupiedRange,
} from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import type { ProgramResult } from '../engine/program.js'
import { namesByLabel, removeObjects, volumeLabels } from '../engine/objects.js'
import { parseAccess } from './access.js'
import { parseAuthorities, readAuthoritiesOfNode } from './authorities.js'
import { readHomeFiles, writeHomeFile, writeHomeFileOnce } from './files.js'
import { acquireLock } from './lock.js'
import { readMachineNetwork } from '../engine/machine-network.js'
import {
  clusterLabels,
  firstControlPlane,
  homeVolume,
  labelArguments,
  networkName,
  recordLabel,
} from '../engine/names.js'
import {
  controlPlaneAddress,
  ensureNetwork,
  freeSubnet,
  inspectNetwork,
  otherNetworks,
  subnetOfServer,
} from '../engine/network.js'
import { takenNames } from './taken-names.js'
import { decodeLabel, encodeLabel, newRecordLabel, savedSpec, toRecord, type RecordLabel } from './record.js'

const apiPort = 6443

export interface ContainerHomeOptions {
  /** Range of the engine's network of clusters that are created; a free one when absent. */
  readonly subnet?: string | undefined
}

/**
 * The home of clusters whose nodes are containers of this machine. All is kept with the engine: in the
 * volume NAME-home, its label for what never changes, its files for the rest. The volume is mounted in
 * the control planes, so that no prune takes it; and it is not a node's disk, so that deleting a cluster
 * can be gone on with until the last node is gone.
 */
export function createContainerHome(
  engine: ContainerEngine,
  { subnet }: ContainerHomeOptions = {},
): ClusterHome {
  const readLabel = async (name: string, signal: AbortSignal): Promise<RecordLabel | undefined> =>
    decodeLabel((await volumeLabels(engine, homeVolume(name), signal))?.[recordLabel])

  const read = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord | undefined> => {
    const label = await readLabel(ref.name, signal)
    if (label?.namespace !== ref.namespace) return undefined
    return toRecord(label, await readHomeFiles(engine, ref, label.spec.image, signal))
  }

  /** Of the engine's network. Records of earlier versions do not say it, and their kubeconfig does. */
  const rememberedRange = async (ref: ClusterRef, signal: AbortSignal): Promise<string | undefined> => {
    const label = await readLabel(ref.name, signal)
    if (label === undefined || label.subnet !== undefined) return label?.subnet
    const { kubeconfig } = await readHomeFiles(engine, ref, label.spec.image, signal)
    const access = kubeconfig === undefined ? undefined : parseAccess(kubeconfig)
    return access === undefined ? undefined : subnetOfServer(access.server)
  }

  const recordLabels = async (signal: AbortSignal): Promise<readonly RecordLabel[]> => {
    const volumes = await namesByLabel(engine, 'volume', recordLabel, signal)
    const found = await Promise.all(volumes.map((volume) => volumeLabels(engine, volume, signal)))
    return found.map((values) => decodeLabel(values?.[recordLabel])).filter((label) => label !== undefined)
  }

  /** Of clusters whose network may not be there yet. */
  const recordedRanges = async (signal: AbortSignal): Promise<readonly OccupiedRange[]> =>
    (await recordLabels(signal)).flatMap(({ name, subnet: cidr }) =>
      cidr === undefined ? [] : [{ cidr, usedBy: `cluster "${name}"` }],
    )

  /** The image that carries the tools to reach the volume. */
  const imageOf = async (ref: ClusterRef, signal: AbortSignal): Promise<string> => {
    const label = await readLabel(ref.name, signal)
    if (label !== undefined) return label.spec.image
    throw new KnestError('not-found', `${engine.name} has no record of cluster "${ref.name}"`)
  }

  return {
    description: `${engine.name} on this machine`,

    inspect: async (_spec, ref, signal) => {
      const [machine, others, own, problems] = await Promise.all([
        readMachineNetwork(engine.programs, signal),
        otherNetworks(engine, ref, signal),
        inspectNetwork(engine, ref.name, signal),
        takenNames(engine, ref, signal),
      ])
      const occupied = [...machine.routes, ...others].filter(
        ({ cidr }) => own?.subnets.includes(cidr) !== true,
      )
      return {
        occupied,
        cni: undefined,
        tunnelPorts: [],
        podMtu: machine.mtu,
        serviceType: 'ClusterIP',
        problems,
      }
    },

    list: async (namespace, signal) => {
      const records = await recordLabels(signal)
      const wanted = records.filter((label) => namespace === undefined || label.namespace === namespace)
      return Promise.all(
        wanted.map(async (label) =>
          toRecord(label, await readHomeFiles(engine, label, label.spec.image, signal)),
        ),
      )
    },

    read,

    create: async (ref, spec, signal) => {
      const name = homeVolume(ref.name)
      if ((await volumeLabels(engine, name, signal)) !== undefined) throw exists(engine, ref)
      // Whoever chooses a range sees those of all records, and the next sees his.
      const lock = await acquireLock('ranges', signal, () => undefined)
      let wanted: RecordLabel
      let made: ProgramResult
      try {
        // One that an earlier cluster of that name has left is taken as it is.
        const left = (await inspectNetwork(engine, ref.name, signal))?.subnets[0]
        const range =
          left ?? subnet ?? (await freeSubnet(engine, ref, spec, await recordedRanges(signal), signal))
        wanted = newRecordLabel(ref, spec, new Date(), range)
        const values = { ...clusterLabels(ref), [recordLabel]: encodeLabel(wanted) }
        made = await engine.run(['volume', 'create', ...labelArguments(values), name], {
          signal,
          letFinish: true,
        })
      } finally {
        await lock.release()
      }
      // Whoever lost a race finds the other's record.
      const stored = await readLabel(ref.name, signal)
      if (stored?.uid === wanted.uid) return toRecord(stored, {})
      if (stored !== undefined) throw exists(engine, ref)
      throw new KnestError(
        'prerequisite',
        `${engine.name} could not make volume "${name}": ${made.stderr.trim()}`,
      )
    },

    update: async (record, spec, signal) => {
      const current = await read(record, signal)
      if (current === undefined) throw new KnestError('not-found', `cluster "${record.name}" is gone`)
      if (current.version !== record.version) {
        throw new KnestError('conflict', `somebody else changed cluster "${record.name}"`, {
          hint: 'run the command again',
        })
      }
      const content = savedSpec(current, spec)
      await writeHomeFile(engine, record, current.spec.image, 'spec.json', content, signal)
      return { ...current, spec, version: String(Number(current.version) + 1) }
    },

    setStatus: async (ref, status, signal) =>
      writeHomeFile(engine, ref, await imageOf(ref, signal), 'status.json', JSON.stringify(status), signal),

    readAuthorities: async (ref, signal) => {
      const label = await readLabel(ref.name, signal)
      const files = label === undefined ? {} : await readHomeFiles(engine, ref, label.spec.image, signal)
      const text = files['authorities.json']
      if (text === undefined || label === undefined) return undefined
      return parseAuthorities(text) ?? mendAuthorities(engine, ref, label.spec.image, signal)
    },

    saveAuthorities: async (record, authorities, signal) => {
      const content = JSON.stringify(authorities)
      const stored = await writeHomeFileOnce(
        engine,
        record,
        record.spec.image,
        'authorities.json',
        content,
        signal,
      )
      return parseAuthorities(stored) ?? mendAuthorities(engine, record, record.spec.image, signal)
    },

    readKubeconfig: async (ref, signal) => {
      const { kubeconfig } = await readHomeFiles(engine, ref, await imageOf(ref, signal), signal)
      return kubeconfig === undefined || parseAccess(kubeconfig) === undefined ? undefined : kubeconfig
    },
    saveKubeconfig: (record, kubeconfig, signal) =>
      writeHomeFile(engine, record, record.spec.image, 'kubeconfig', kubeconfig, signal),

    ensureAddresses: async (record, nodes, signal) => {
      const range = async (): Promise<string> =>
        (await rememberedRange(record, signal)) ??
        freeSubnet(engine, record, record.spec, await recordedRanges(signal), signal)
      return addresses(record, nodes, await ensureNetwork(engine, record, range, signal))
    },

    // A node's address follows from its number: the next of that number has it again.
    releaseAddress: () => Promise.resolve(),

    apiUrls: async (record, signal) => {
      const subnet = (await inspectNetwork(engine, record.name, signal))?.subnets[0]
      return subnet === undefined
        ? []
        : [`https://${controlPlaneAddress(subnet, firstControlPlane(record.name))}:${apiPort}`]
    },

    lock: (ref, signal, onWait) => acquireLock(`${ref.namespace}/${ref.name}`, signal, onWait),

    remove: (ref, { keepData, signal }) => removeAll(engine, ref, keepData, signal),
  }
}

/** New ones would shut everybody out of a cluster that is set up: they are taken back from where they are used. */
async function mendAuthorities(
  engine: ContainerEngine,
  ref: ClusterRef,
  image: string,
  signal: AbortSignal,
): Promise<CertificateAuthorities> {
  const found = await readAuthoritiesOfNode(engine, ref, signal)
  if (found === undefined) {
    const node = firstControlPlane(ref.name)
    throw new KnestError(
      'prerequisite',
      `the certificate authorities of "${ref.name}" are damaged, and node "${node}" cannot be asked for them`,
      {
        hint: `start the node: ${engine.name} start ${node}, and run the command again; or remove "${ref.name}" with all in it`,
      },
    )
  }
  await writeHomeFile(engine, ref, image, 'authorities.json', JSON.stringify(found), signal)
  return found
}

/**
 * A container's address is fixed, so it is the identity itself. The name of the API has one line in the
 * hosts file for each control plane: clients try them in turn.
 */
function addresses(record: ClusterRecord, nodes: readonly string[], subnet: string): ClusterAddresses {
  const service = objectNames.apiService(record.name)
  const apiName = `${service}.${record.namespace}.svc`
  const identities = new Map(nodes.map((node) => [node, controlPlaneAddress(subnet, node)]))
  const ordered = [...identities].sort(([a], [b]) => nodeIndex(a) - nodeIndex(b)).map(([, ip]) => ip)
  return {
    controlPlaneEndpoint: `${apiName}:${apiPort}`,
    identities,
    certificateNames: [service, `${service}.${record.namespace}`, apiName, ...ordered],
    peerNames: [],
    hosts: ordered.map((ip) => ({ ip, name: apiName })),
  }
}

/** Containers first: they use the volumes and the network. The record goes last. */
async function removeAll(
  engine: ContainerEngine,
  { name }: ClusterRef,
  keepData: boolean,
  signal: AbortSignal,
): Promise<void> {
  const selector = `${labels.cluster}=${name}`
  await removeObjects(engine, 'container', await namesByLabel(engine, 'container', selector, signal), signal)
  const own = await inspectNetwork(engine, name, signal)
  if (own?.labels[labels.managedBy] === managedByKnest)
    await removeObjects(engine, 'network', [networkName(name)], signal)
  const volumes = await namesByLabel(engine, 'volume', selector, signal)
  const disks = volumes.filter((volume) => volume !== homeVolume(name))
  if (!keepData) await removeObjects(engine, 'volume', disks, signal)
  const record = await volumeLabels(engine, homeVolume(name), signal)
  if (record?.[labels.cluster] === name) await removeObjects(engine, 'volume', [homeVolume(name)], signal)
}

function exists(engine: ContainerEngine, { name }: ClusterRef): KnestError {
  return new KnestError('already-exists', `${engine.name} has a cluster "${name}" already`, {
    hint: 'choose another --name, or remove it',
  })
}
