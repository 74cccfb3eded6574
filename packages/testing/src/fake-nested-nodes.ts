import { KnestError } from '@knest/core'
import type {
  CertificateAuthorities,
  ClusterRef,
  ExecResult,
  NodeBackend,
  NodeHandle,
  NodeSpec,
  NodeStatus,
} from '@knest/core'
import { createFakeNestedApi, type FakeNestedApi } from './fake-nested-api.js'

/** A node in memory: what the scripts of knest would have made of it. */
interface FakeNestedNode {
  spec: NodeSpec
  disk: 'empty' | 'founder' | 'bootstrapped'
  phase: NodeStatus['phase']
  /** What it says when it is asked for its certificates, see core's `readNodeQuestion`. */
  certificates: string
  /** Holds what was written when an upgrade of it began. */
  upgrading: string | undefined
  /** In seconds since 1970. */
  kubeletStarted: number
}

export interface FakeNestedNodes {
  readonly backend: NodeBackend
  readonly api: FakeNestedApi
  /** By name. */
  readonly nodes: Map<string, FakeNestedNode>
  /** What was done to nodes, in order, as in `ensure q-cp-0`, `kubeadm init q-cp-0`. */
  readonly done: string[]
  /** Awaited before each of these; who throws here has the host or the node fail. */
  before: (what: string, signal: AbortSignal) => Promise<void>
}

const bootstrapped = '/var/lib/knest/bootstrapped'
const upgrading = '/var/lib/knest/upgrading'
const kubeSystem = 'kube-system'
const fine: ExecResult = { exitCode: 0, stdout: '', stderr: '' }

/**
 * Stands in for nodes on which the scripts of knest set up Kubernetes, with one nested API for all of them. It
 * runs nothing: it knows the scripts by what is in them, notes what they would have done, and throws at one it
 * does not know. Operations come to their end on it; that kubeadm does its part is for tests on a real host.
 */
export function createFakeNestedNodes(
  authorities: () => Promise<CertificateAuthorities | undefined>,
): FakeNestedNodes {
  const nodes = new Map<string, FakeNestedNode>()
  const keptDisks = new Map<string, FakeNestedNode['disk']>()
  const done: string[] = []
  const api = createFakeNestedApi(authorities)
  const { signal: never } = new AbortController()
  const { objects } = api
  const note = async (what: string, signal: AbortSignal): Promise<void> => {
    await fake.before(what, signal)
    signal.throwIfAborted()
    done.push(what)
  }
  // Its controllers run as soon as it is asked to have DNS.
  objects.onChange(({ kind, apiVersion, metadata: { name, namespace }, status }, deleted) => {
    if (deleted || kind !== 'Deployment' || status !== undefined) return
    const conditions = [{ type: 'Available', status: 'True' }]
    void objects.patch({ apiVersion, kind }, name, namespace, { status: { conditions } }, { signal: never })
  })

  const register = async ({ spec, kubeletStarted }: FakeNestedNode, status = 'True'): Promise<void> => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: spec.name } }
    const nodeInfo = { kubeletVersion: `v${versionOf(spec)}` }
    const lastHeartbeatTime = new Date(kubeletStarted * 1000).toISOString()
    const conditions = [{ type: 'Ready', status, lastHeartbeatTime }]
    await objects.apply({ ...node, status: { nodeInfo, conditions } }, { signal: never })
  }
  // Its last word stays for a while; then it is not Ready, and then it is.
  const restartKubelet = (node: FakeNestedNode): void => {
    node.kubeletStarted += 60
    setTimeout(() => void register(node, 'False').then(() => register(node)), 1_500)
  }
  const configure = async (version: string): Promise<void> => {
    const metadata = { name: 'kubeadm-config', namespace: kubeSystem }
    const data = { ClusterConfiguration: `kubernetesVersion: v${version}\n` }
    await objects.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, { signal: never })
  }
  const startProxy = async (version: string): Promise<void> => {
    const metadata = { name: 'kube-proxy', namespace: kubeSystem }
    const containers = [{ name: 'kube-proxy', image: `registry.k8s.io/kube-proxy:v${version}` }]
    const spec = { template: { spec: { containers } } }
    await objects.apply({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec }, { signal: never })
  }

  const exec = async (
    node: FakeNestedNode,
    argv: readonly string[],
    signal: AbortSignal,
  ): Promise<ExecResult> => {
    signal.throwIfAborted()
    const { name } = node.spec
    const [program = '', , script = ''] = argv
    const has = (text: string): boolean => script.includes(text)
    const say = (stdout: string): ExecResult => ({ ...fine, stdout })
    const state = [
      node.disk,
      `version ${versionOf(node.spec)}`,
      ...(node.upgrading === undefined ? [] : ['upgrading']),
    ]
    const states = `${state.join('\n')}\n`
    if (program === 'timeout') return fine
    if (program === 'kubectl') {
      if (argv.includes('drain')) await note(`drain ${argv[argv.indexOf('drain') + 1] ?? ''}`, signal)
      return fine
    }
    if (program === 'etcdctl') return { ...fine, exitCode: 1, stderr: 'the fake has no etcd' }
    if (program !== 'bash') throw new Error(`the fake node does not know ${argv.join(' ')}`)

    if (has("echo '= disk'")) return say(`= disk\n${states}${node.certificates}`)
    if (argv[3] === 'certificates') return say(node.certificates)
    if (has('version |p')) return say(states)
    if (has('echo founder')) return say(`${node.disk}\n`)
    if (has('ActiveEnterTimestamp')) return say(`${node.kubeletStarted}\n`)
    if (has('certs renew all') || has('kubelet-client-knest.new')) {
      if (has('systemctl start kubelet')) restartKubelet(node)
      return noted(`renew ${name}`)
    }
    if (has(`[ -e ${bootstrapped} ] && exit 0`) && node.disk === 'bootstrapped') return fine
    if (has('touch /var/lib/knest/founder')) {
      await note(`kubeadm init ${name}`, signal)
      node.disk = 'founder'
      return fine
    }
    if (has(`touch ${bootstrapped}`)) {
      await note(`join ${name}`, signal)
      node.disk = 'bootstrapped'
      await register(node)
      if (has('kubeadm init') && !has('upload-config')) {
        await configure(versionOf(node.spec))
        await startProxy(versionOf(node.spec))
      }
      return fine
    }
    if (has(`>${upgrading}`)) {
      node.upgrading ??= ''
      return fine
    }
    if (has(`cat ${upgrading}`)) return say(node.upgrading ?? '')
    if (has(`rm -f ${upgrading}`)) {
      node.upgrading = undefined
      return fine
    }
    if (has('get --raw=/version') || (has('.upgrading') && has('|| mv') && !has('tar '))) return fine
    if (has('upload-config all')) {
      await note('upgrade configuration', signal)
      await configure(versionOf(node.spec))
      return fine
    }
    if (has('addon kube-proxy')) {
      await note('upgrade addons', signal)
      await startProxy(versionOf(node.spec))
      return fine
    }
    if (has('.upgrading') && has('tar ')) {
      await note(`start anew ${name}`, signal)
      await register(node)
      return fine
    }
    if (has('io.kubernetes') && has('SIGTERM')) return noted(`restart ${name}`)
    throw new Error(`the fake node does not know this script:\n${script}`)

    async function noted(what: string): Promise<ExecResult> {
      await note(what, signal)
      return fine
    }
  }

  const handle = (node: FakeNestedNode): NodeHandle => ({
    name: node.spec.name,
    role: node.spec.role,
    exec: async (argv, { stdout, stderr, signal }) => {
      const result = await exec(node, argv, signal)
      stdout.write(result.stdout)
      stderr.write(result.stderr)
      return result.exitCode
    },
    execText: (argv, { signal }) => exec(node, argv, signal),
    dial: () =>
      node.phase === 'running' && node.disk !== 'empty'
        ? api.dial()
        : Promise.reject(new KnestError('host-unreachable', `nothing listens on "${node.spec.name}"`)),
  })
  const find = (cluster: ClusterRef, name: string): FakeNestedNode => {
    const node = nodes.get(name)
    if (node === undefined)
      throw new KnestError('not-found', `cluster "${cluster.name}" has no node "${name}"`)
    return node
  }

  const fake: FakeNestedNodes = {
    api,
    nodes,
    done,
    before: () => Promise.resolve(),
    backend: {
      name: 'pod',
      features: { ownKernel: false, cgroupDriver: 'cgroupfs', access: 'exec' },
      preflight: () => Promise.resolve([]),
      ensureNode: async (spec, signal) => {
        const { name } = spec
        await note(`ensure ${name}`, signal)
        const disk = keptDisks.get(name) ?? 'empty'
        const made: FakeNestedNode = {
          ...{ spec, disk, phase: 'running', certificates: '', upgrading: undefined },
          kubeletStarted: Math.floor(Date.now() / 1000),
        }
        const node = nodes.get(name) ?? made
        // Its init starts kubelet when it finds Kubernetes on its disk.
        if (node === made && disk === 'bootstrapped') await register(node)
        nodes.set(name, node)
        return handle(node)
      },
      upgradeNode: async (spec, signal) => {
        await note(`change image ${spec.name}`, signal)
        const node = find(spec.cluster, spec.name)
        node.spec = spec
        return handle(node)
      },
      openNode: (cluster, name) => Promise.resolve().then(() => handle(find(cluster, name))),
      listNodes: (cluster) =>
        Promise.resolve(
          [...nodes.values()]
            .filter(
              ({ spec }) =>
                spec.cluster.name === cluster.name && spec.cluster.namespace === cluster.namespace,
            )
            .map(statusOf),
        ),
      deleteNode: async (_cluster, name, { keepData, signal }) => {
        await note(`delete ${name}`, signal)
        const node = nodes.get(name)
        nodes.delete(name)
        if (!keepData) keptDisks.delete(name)
        else if (node !== undefined) keptDisks.set(name, node.disk)
      },
    },
  }
  return fake
}

function versionOf({ image }: NodeSpec): string {
  return /:v(.+)$/.exec(image)?.[1] ?? ''
}

function statusOf({ spec: { name, role, pool }, disk, phase }: FakeNestedNode): NodeStatus {
  return {
    name,
    role,
    pool,
    phase,
    ready: phase === 'running' && disk !== 'empty',
    ip: '127.0.0.1',
    reason: phase === 'running' ? undefined : 'the fake says so',
    hostObject: name,
    hostNode: undefined,
  }
}
