import { KnestError, labels } from '@knest/core'
import type {
  CertificateAuthorities,
  ClusterRef,
  ExecOptions,
  ExecResult,
  KubeObject,
  NodeBackend,
  NodeHandle,
  NodeSpec,
  NodeStatus,
} from '@knest/core'
import { answerOfContainerd, type FakeImageStore, type FakeSharedStore } from './fake-containerd.js'
import { createFakeEtcd, type FakeEtcd } from './fake-etcd.js'
import { createFakeNestedApi, type FakeNestedApi } from './fake-nested-api.js'
import { bytesOf } from './world/scene.js'
import { filesIn } from './world/tar.js'

/** A node in memory: what the scripts of knest would have made of it. */
interface FakeNestedNode {
  spec: NodeSpec
  disk: 'empty' | 'founder' | 'bootstrapped'
  phase: NodeStatus['phase']
  /** What it says when it is asked for its certificates, see core's `readNodeQuestion`. */
  certificates: string
  /** Holds what was written when an upgrade of it began. */
  upgrading: string | undefined
  /** Names, as its marker has them. */
  initialMembers?: string | undefined
  /** In seconds since 1970. */
  kubeletStarted: number
  /** When the host started its pod or VM, in seconds since 1970. */
  started: number
  /** The version that an upgrade has started its kubelet with. */
  upgraded: string | undefined
  /** Id of the etcd member whose data is on its disk. */
  member: string | undefined
  /** Its etcd does not run; kubelet and all else may. */
  etcdDown: boolean
  /** The machine it is on is away, and the host has not noticed: no command comes to an end. */
  silent: boolean
  /** It serves, and the host's readiness probe has not come round yet. */
  unprobed: boolean
  /** Its kubelet may not start, and with it nothing of Kubernetes, until its configuration is that of its image. */
  held: boolean
  /** Nothing of Kubernetes runs on it. */
  down: boolean
  /** What is below /etc/kubernetes/pki of a control plane. */
  authorities: CertificateAuthorities | undefined
  /** Files that scripts were given, by their paths. */
  readonly files: Map<string, string>
  /** Digest of what it was told of registries. */
  registries?: string | undefined
  /** Digest of the settings that a change gave it. */
  settings?: string | undefined
  /** What it says when it is asked for changes of its static pods, see core's `changedStaticPods`. */
  staticPods: string
  /** What its containerd has, but for the images of Kubernetes. */
  readonly store: FakeImageStore
  /** What it shares with other nodes; undefined on a machine of its own. */
  shared?: FakeSharedStore | undefined
}

export interface FakeNestedNodes {
  readonly backend: NodeBackend
  readonly api: FakeNestedApi
  readonly etcd: FakeEtcd
  /** By name. */
  readonly nodes: Map<string, FakeNestedNode>
  /** Disks of which nothing else is left, by the node's name. */
  readonly keptDisks: Map<string, FakeNestedNode>
  /** The host begins this node anew, on an empty disk. */
  loseDisk(name: string): void
  /** The host loses all of this node but its disk. */
  loseAllButDisk(name: string): void
  /** Versions of images that hold another than their names say. */
  readonly images: Map<string, string>
  /** What was done to nodes, in order, as in `ensure q-cp-0`, `kubeadm init q-cp-0`. */
  readonly done: string[]
  /** The component that does not come up with what this node is given, and what it says; undefined: all do. */
  refuseSettings: (node: string, files: ReadonlyMap<string, string>) => string | undefined
  /** Awaited before each of these; who throws here has the host or the node fail. */
  before: (what: string, signal: AbortSignal) => Promise<void>
}

const bootstrapped = '/var/lib/knest/bootstrapped'
const upgrading = '/var/lib/knest/upgrading'
const beforeUpgrade = '/var/lib/knest/before-upgrade/configuration.json'
const settings = '/var/lib/knest/settings'
const beforeSettings = '/var/lib/knest/before-settings'
const kubeletConfig = '/var/lib/kubelet/config.yaml'
const kubeletFlags = '/var/lib/kubelet/kubeadm-flags.env'
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
  const keptDisks = new Map<string, FakeNestedNode>()
  const images = new Map<string, string>()
  const versionOf = ({ image }: NodeSpec): string => images.get(image) ?? /:v(.+)$/.exec(image)?.[1] ?? ''
  const done: string[] = []
  const etcd = createFakeEtcd((id) =>
    [...nodes.values()].some(
      ({ member, etcdDown, phase, silent }) => member === id && !etcdDown && phase === 'running' && !silent,
    ),
  )
  const serves = ({ phase, silent, down, disk, spec: { role }, member, etcdDown }: FakeNestedNode): boolean =>
    phase === 'running' &&
    !silent &&
    !down &&
    disk !== 'empty' &&
    (role === 'worker' || (!etcdDown && etcd.members.some(({ id }) => id === member) && etcd.hasQuorum()))
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

  // kube-proxy is what starts with every change of its template.
  objects.onChange((daemonSet, deleted) => {
    const { template } = (daemonSet.spec ?? {}) as { template?: { metadata?: KubeObject['metadata'] } }
    const annotations = template?.metadata?.annotations
    if (deleted || daemonSet.kind !== 'DaemonSet' || annotations === undefined) return
    const metadata = {
      name: 'kube-proxy-0',
      namespace: kubeSystem,
      annotations,
      labels: { 'k8s-app': 'kube-proxy' },
    }
    const status = { conditions: [{ type: 'Ready', status: 'True' }] }
    void objects.apply({ apiVersion: 'v1', kind: 'Pod', metadata, status }, { signal: never })
  })

  const register = async ({ spec, kubeletStarted }: FakeNestedNode, status = 'True'): Promise<void> => {
    const metadata = {
      name: spec.name,
      labels: { [labels.cluster]: spec.cluster.name },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    }
    const node = { apiVersion: 'v1', kind: 'Node', metadata }
    const nodeInfo = { kubeletVersion: `v${versionOf(spec)}` }
    const lastHeartbeatTime = new Date(kubeletStarted * 1000).toISOString()
    const conditions = [{ type: 'Ready', status, lastHeartbeatTime }]
    await objects.apply({ ...node, status: { nodeInfo, conditions } }, { signal: never })
  }
  // Its last word stays for a while; then it is not Ready, and then it is.
  const restartKubelet = (node: FakeNestedNode, silentMs = 1_500): void => {
    node.kubeletStarted += 60
    setTimeout(() => void register(node, 'False').then(() => register(node)), silentMs)
  }
  // kubeadm writes down what it was told.
  const keep = async (name: string, key: string, kind: string, { files }: FakeNestedNode): Promise<void> => {
    const documents = (files.get('/etc/kubernetes/knest-kubeadm.yaml') ?? '').split('---\n')
    const told = documents.find((text) => text.split('\n').includes(`kind: ${kind}`))
    const metadata = { name, namespace: kubeSystem }
    const data = { [key]: told ?? '' }
    await objects.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, { signal: never })
  }
  const configure = async (node: FakeNestedNode): Promise<void> => {
    await keep('kubeadm-config', 'ClusterConfiguration', 'ClusterConfiguration', node)
    await keep('kubelet-config', 'kubelet', 'KubeletConfiguration', node)
  }
  const startProxy = async (node: FakeNestedNode): Promise<void> => {
    await keep('kube-proxy', 'config.conf', 'KubeProxyConfiguration', node)
    const version = versionOf(node.spec)
    const metadata = { name: 'kube-proxy', namespace: kubeSystem }
    const containers = [{ name: 'kube-proxy', image: `registry.k8s.io/kube-proxy:v${version}` }]
    const spec = { template: { spec: { containers } } }
    await objects.apply({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec }, { signal: never })
  }

  const exec = async (
    node: FakeNestedNode,
    argv: readonly string[],
    { signal, stdin }: Pick<ExecOptions, 'signal' | 'stdin'>,
  ): Promise<ExecResult> => {
    signal.throwIfAborted()
    const { name } = node.spec
    if (node.silent) throw new KnestError('timeout', `node "${name}" gave no answer`)
    const [program = '', , script = ''] = argv
    const has = (text: string): boolean => script.includes(text)
    const say = (stdout: string): ExecResult => ({ ...fine, stdout })
    const state = [
      node.disk,
      `version ${versionOf(node.spec)}`,
      ...(node.upgrading === undefined ? [] : ['upgrading']),
      ...(node.registries === undefined ? [] : [`registries ${node.registries}`]),
      ...(node.settings === undefined ? [] : [`settings ${node.settings}`]),
      ...(node.disk === 'founder' ? [`initial ${node.initialMembers ?? ''}`] : []),
    ]
    const states = `${state.join('\n')}\n`
    if (program === 'timeout') return fine
    if (program === 'test') return { ...fine, exitCode: node.held ? 0 : 1 }
    if (program === 'kubectl') {
      if (argv.includes('drain')) await note(`drain ${argv[argv.indexOf('drain') + 1] ?? ''}`, signal)
      return fine
    }
    if (program === 'etcdctl') {
      if (argv.at(-1) === 'disarm') {
        etcd.full = undefined
        return noted('etcd takes data')
      }
      if (argv.includes('list')) return etcd.list(node.member)
      const id = argv.at(-1) ?? ''
      if (!argv.includes('remove')) throw new Error(`the fake node does not know ${argv.join(' ')}`)
      await note(`member remove ${etcd.members.find((member) => member.id === id)?.name ?? id}`, signal)
      return etcd.remove(id)
    }
    const aboutImages = await answerOfContainerd(
      node.store,
      argv,
      stdin,
      (names) => note(`import ${names.join(', ')} into ${name}`, signal),
      node.shared,
    )
    if (aboutImages !== undefined) return aboutImages
    if (program !== 'bash') throw new Error(`the fake node does not know ${argv.join(' ')}`)

    // What a script does not unpack does not come to the disk.
    const unpack = (): void => {
      for (const [path, text] of filesIn(bytesOf(stdin))) node.files.set(path, text)
    }
    if (has('/var/lib/knest/registries.new')) {
      await note(`write registries ${name}`, signal)
      unpack()
      const [digest = ''] = (node.files.get('/marker') ?? '').split('\n')
      node.registries = digest === '' ? undefined : digest
      return fine
    }
    if (has("echo '= certificate'")) {
      const kept = node.files.get(`${beforeSettings}/kept.json`) ?? ''
      return say(`${kept}= kubelet\n${node.files.get(kubeletConfig) ?? ''}= certificate\n`)
    }
    if (has(`>${settings}.new`)) {
      await note(`settings ${name}`, signal)
      const given = filesIn(bytesOf(stdin))
      const refused = fake.refuseSettings(name, given)
      if (refused !== undefined) return say(`refused ${refused}\n`)
      for (const [path, text] of given) node.files.set(path.replace('/files/', '/'), text)
      node.settings = / '([^']*)' >\/var\/lib\/knest\/settings/.exec(script)?.[1]
      return say('done\n')
    }
    if (has('KUBEADM_INIT_DRYRUN_DIR')) return say(node.staticPods)
    if (has('front-proxy-ca.key')) return say(`${node.disk}\n${pkiFiles(node.authorities)}`)
    if (has("echo '= disk'")) return say(`= disk\n${states}${node.certificates}`)
    if (argv[3] === 'room') return etcd.makeRoom()
    if (argv[3] === 'health') return etcd.health(node.member)
    if (argv[3] === 'certificates') return say(node.certificates)
    if (has('version |p')) return say(states)
    if (has('echo founder')) return say(`${node.disk}\n`)
    // Nothing of it has ended.
    if (has('for part in')) return fine
    if (has('kill -9')) {
      await fake.before(`end scripts ${name}`, signal)
      return fine
    }
    if (has('MainPID')) return say(`${node.kubeletStarted}\n`)
    if (has('certs renew all') || has('kubelet-client-knest.new')) {
      if (has('systemctl start kubelet')) restartKubelet(node)
      return noted(`renew ${name}`)
    }
    if (has(`[ -e ${bootstrapped} ] && exit 0`) && node.disk === 'bootstrapped') return fine
    if (has('kubeadm reset')) {
      node.member = undefined
      return fine
    }
    if (has('>/var/lib/knest/founder.new')) {
      await note(`kubeadm init ${name}`, signal)
      unpack()
      node.initialMembers ??= / '([^']*)' >\/var\/lib\/knest\/founder/.exec(script)?.[1]
      node.disk = 'founder'
      node.member ??= etcd.begin(name)
      node.authorities = await authorities()
      return fine
    }
    if (has(`>${bootstrapped}.new`)) {
      if (has('kubeadm join')) {
        const there = await objects.get({ apiVersion: 'v1', kind: 'Node' }, name, undefined, signal)
        if (there !== undefined && isReady(there)) throw new Error(`a Node "${name}" that is Ready exists`)
        node.member = etcd.add(name)
      }
      await note(`join ${name}`, signal)
      unpack()
      node.disk = 'bootstrapped'
      if (node.spec.role === 'control-plane') node.authorities ??= await authorities()
      await register(node)
      if (has('kubeadm init') && !has('upload-config')) {
        await configure(node)
        await startProxy(node)
      }
      return fine
    }
    if (has(`>${upgrading}`)) {
      if (node.upgrading === undefined) unpack()
      node.upgrading ??= ''
      return fine
    }
    if (has(`cat ${beforeUpgrade}`)) {
      const before = node.upgrading === undefined ? '' : node.files.get(beforeUpgrade)
      return say(`${before ?? ''}= flags\n${node.files.get(kubeletFlags) ?? ''}`)
    }
    if (has(`cat ${upgrading}`)) return say(node.upgrading ?? '')
    if (has(`rm -f ${upgrading}`)) {
      await fake.before(`end of upgrade ${name}`, signal)
      node.upgrading = undefined
      return fine
    }
    if (has('get --raw=/version')) return fine
    if (has('.upgrading') && has('|| mv') && !has('tar ')) {
      node.held = !has('start kubelet')
      if (!node.held) node.down = false
      return fine
    }
    if (has('upload-config all')) {
      await note('upgrade configuration', signal)
      unpack()
      await configure(node)
      return fine
    }
    if (has('rollout status')) {
      await note('upgrade addons', signal)
      unpack()
      if (has('addon kube-proxy')) await startProxy(node)
      return fine
    }
    if (has('.upgrading') && has('tar ')) {
      await note(`start anew ${name}`, signal)
      unpack()
      // A kubelet that ran already with this version leaves its last word, and a new one speaks when it is back.
      if (node.upgraded === versionOf(node.spec)) restartKubelet(node)
      else await register(node)
      node.upgraded = versionOf(node.spec)
      node.held = node.down = false
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
    exec: async (argv, { stdout, stderr, ...options }) => {
      const result = await exec(node, argv, options)
      stdout.write(result.stdout)
      stderr.write(result.stderr)
      return result.exitCode
    },
    execText: (argv, options) => exec(node, argv, options),
    dial: () =>
      serves(node)
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
    etcd,
    nodes,
    keptDisks,
    loseDisk: (name) => {
      const node = nodes.get(name)
      if (node === undefined) return
      // What its kubelet says from now on is newer than anything that it said before.
      const started = node.kubeletStarted + 10
      nodes.set(name, { ...emptyNode(node.spec), started, kubeletStarted: started })
    },
    loseAllButDisk: (name) => {
      const node = nodes.get(name)
      if (node !== undefined) keptDisks.set(name, node)
      nodes.delete(name)
    },
    images,
    done,
    refuseSettings: () => undefined,
    before: () => Promise.resolve(),
    backend: {
      name: 'pod',
      features: { ownKernel: false, cgroupDriver: 'cgroupfs', access: 'exec' },
      preflight: () => Promise.resolve([]),
      ensureNode: async (spec, signal) => {
        const { name } = spec
        await note(`ensure ${name}`, signal)
        const fresh = emptyNode(spec)
        const { kubeletStarted } = fresh
        const made: FakeNestedNode = {
          ...fresh,
          ...keptDisks.get(name),
          ...{ spec, phase: 'running', kubeletStarted },
        }
        const node = nodes.get(name) ?? made
        // Its init starts kubelet when it finds Kubernetes on its disk.
        if (node === made && made.disk === 'bootstrapped') {
          made.kubeletStarted = keptDisks.get(name)?.kubeletStarted ?? kubeletStarted
          restartKubelet(node, 200)
        }
        nodes.set(name, node)
        keptDisks.delete(name)
        return handle(node)
      },
      upgradeNode: async (spec, signal) => {
        await note(`change image ${spec.name}`, signal)
        const node = find(spec.cluster, spec.name)
        node.spec = spec
        // Its container starts anew, and what runs goes with the old one.
        node.down = node.held
        return handle(node)
      },
      openNode: (cluster, name) => Promise.resolve().then(() => handle(find(cluster, name))),
      listNodes: (cluster) =>
        Promise.resolve(
          [...nodes.values(), ...keptDisks.values()]
            .filter(
              ({ spec }) =>
                spec.cluster.name === cluster.name && spec.cluster.namespace === cluster.namespace,
            )
            .map((node) => ({
              ...statusOf(node),
              ready: serves(node) && !node.unprobed,
              ...(nodes.has(node.spec.name) ? {} : onlyDisk),
            })),
        ),
      deleteNode: async (_cluster, name, { keepData, signal }) => {
        if (!nodes.has(name) && (keepData || !keptDisks.has(name))) return
        await note(`delete ${name}`, signal)
        const node = nodes.get(name)
        if (node?.silent === true) {
          node.phase = 'deleting'
          throw new KnestError('timeout', `node "${name}" is not gone`)
        }
        nodes.delete(name)
        if (!keepData) keptDisks.delete(name)
        else if (node !== undefined) keptDisks.set(name, node)
      },
    },
  }
  return fake
}

function emptyNode(spec: NodeSpec): FakeNestedNode {
  const now = Math.floor(Date.now() / 1000)
  return {
    spec,
    disk: 'empty',
    phase: 'running',
    certificates: '',
    upgrading: undefined,
    upgraded: undefined,
    kubeletStarted: now,
    // Long enough ago for it to count as dead.
    started: now - 3_600,
    member: undefined,
    etcdDown: false,
    silent: false,
    unprobed: false,
    held: false,
    down: false,
    authorities: undefined,
    files: new Map(),
    staticPods: '',
    store: new Map(),
  }
}

/** What the host says of a node of which only the disk is left. */
const onlyDisk = {
  phase: 'pending',
  ready: false,
  abandoned: true,
  reason: 'only its disk is kept',
} satisfies Partial<NodeStatus>

function isReady({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly Record<string, string>[] }
  return conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True')
}

function pkiFiles(authorities: CertificateAuthorities | undefined): string {
  if (authorities === undefined) return ''
  const { ca, frontProxyCa, etcdCa, serviceAccount } = authorities
  const files = {
    'ca.crt': ca.cert,
    'ca.key': ca.key,
    'front-proxy-ca.crt': frontProxyCa.cert,
    'front-proxy-ca.key': frontProxyCa.key,
    'etcd/ca.crt': etcdCa.cert,
    'etcd/ca.key': etcdCa.key,
    'sa.pub': serviceAccount.cert,
    'sa.key': serviceAccount.key,
  }
  return Object.entries(files)
    .map(([name, text]) => `${name} ${Buffer.from(text).toString('base64')}\n`)
    .join('')
}

function statusOf({ spec: { name, role, pool, image }, phase, started }: FakeNestedNode): NodeStatus {
  return {
    name,
    role,
    pool,
    phase,
    ready: false,
    ip: '127.0.0.1',
    startedAt: phase === 'running' ? new Date(started * 1000).toISOString() : undefined,
    reason: phase === 'running' ? undefined : 'the fake says so',
    hostObject: name,
    hostNode: undefined,
    image,
  }
}
