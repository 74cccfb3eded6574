import { cgroupOfContainer, cpuSeconds } from './cgroup.js'
import { run } from './run.js'

const name = 'knest-bench-floor'

const joining = `${name}-join`

/** Each node has a range of its own, as if flannel had handed them out. */
const cniConfiguration = (subnet: string): object => ({
  cniVersion: '1.0.0',
  name: 'bridge',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      hairpinMode: true,
      ipMasq: true,
      ipam: { type: 'host-local', ranges: [[{ subnet }]] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
})

/**
 * `plain`: kubeadm as it comes. `tuned`: with what knest changes and kubeadm could have as well, of which each would be
 * most of a ratio: ECDSA keys, etcd without fsync on a disk that goes with the node, and a CoreDNS that is asked for
 * readiness at once and every second.
 */
export type FloorKind = 'plain' | 'tuned'

function kubeadmConfiguration(version: string, kind: FloorKind): string {
  const tuned = {
    encryptionAlgorithm: 'ECDSA-P256',
    etcd: { local: { extraArgs: [{ name: 'unsafe-no-fsync', value: 'true' }] } },
  }
  const documents = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      nodeRegistration: { name, criSocket: 'unix:///run/containerd/containerd.sock', taints: [] },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      kubernetesVersion: version,
      networking: { podSubnet: '10.200.0.0/16' },
      ...(kind === 'tuned' ? tuned : {}),
    },
    {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      cgroupDriver: 'cgroupfs',
      failCgroupV1: false,
      failSwapOn: false,
      imageGCHighThresholdPercent: 100,
      evictionHard: { 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
    },
    {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'nftables',
      oomScoreAdj: 0,
      conntrack: { maxPerCore: 0 },
    },
  ]
  // kubeadm reads JSON documents as the YAML they are.
  return documents.map((document) => JSON.stringify(document)).join('\n---\n')
}

/** kubeadm's own manifest of CoreDNS with knest's readiness probe; fails when it has none to change. */
const quickDns = `manifest=$(kubeadm init phase addon coredns --config /run/knest/kubeadm.yaml --print-manifest |
  sed 's/^\\( *\\)readinessProbe:$/&\\n\\1  periodSeconds: 1\\n\\1  timeoutSeconds: 1/')
grep -q '  periodSeconds: 1$' <<<"$manifest"
kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f - <<<"$manifest"`

async function hardLimit(flag: string, most: number): Promise<number> {
  const { stdout } = await run('bash', ['-c', `ulimit -H${flag}`])
  const limit = Number(stdout.trim())
  return Number.isFinite(limit) ? Math.min(limit, most) : most
}

/** Seconds from the start of the container. */
export interface Floor {
  readonly nodeReady: number
  readonly dnsAvailable: number
  readonly cpuSeconds: number
  /** From the start of a second container to its node being Ready, when asked for. */
  readonly join?: number
}

/**
 * What kubeadm needs at the least: one node container whose images and CNI configuration are in
 * place, from its start through `kubeadm init` to node Ready and CoreDNS Available. Seconds.
 */
export async function measureFloor(
  image: string,
  { kind, join }: { readonly kind: FloorKind; readonly join: boolean },
): Promise<Floor> {
  await removeNodes()
  try {
    const seconds = stopwatch()
    await startNode(image, name, '10.200.0.0/24')
    const configuration = kubeadmConfiguration(versionOf(image), kind)
    await inNode(name, ['sh', '-c', 'cat > /run/knest/kubeadm.yaml'], configuration)
    const config = ['--config', '/run/knest/kubeadm.yaml']
    const skipped = kind === 'tuned' ? ['--skip-phases', 'addon/coredns'] : []
    await inNode(name, ['kubeadm', 'init', ...config, ...skipped, '--ignore-preflight-errors', 'all'])
    if (kind === 'tuned') await inNode(name, ['bash', '-euo', 'pipefail', '-c', quickDns])
    await kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s')
    const nodeReady = seconds()
    const dns = ['--for=condition=Available', 'deployment/coredns', '--timeout=180s']
    await kubectl('--namespace', 'kube-system', 'wait', ...dns)
    const floor = {
      nodeReady,
      dnsAvailable: seconds(),
      cpuSeconds: cpuSeconds(await cgroupOfContainer(name)),
    }
    return join ? { ...floor, join: await measureJoin(image) } : floor
  } finally {
    await removeNodes()
  }
}

async function measureJoin(image: string): Promise<number> {
  const command = (await inNode(name, ['kubeadm', 'token', 'create', '--print-join-command']))
    .trim()
    .split(/\s+/)
  const seconds = stopwatch()
  await startNode(image, joining, '10.200.1.0/24')
  const socket = ['--cri-socket', 'unix:///run/containerd/containerd.sock']
  await inNode(joining, [...command, ...socket, '--ignore-preflight-errors', 'all'])
  await kubectl('wait', '--for=condition=Ready', `node/${joining}`, '--timeout=120s')
  return seconds()
}

/** A container in which kubeadm may run. */
async function startNode(image: string, node: string, subnet: string): Promise<void> {
  const limits = [
    ...['--ulimit', `nofile=${await hardLimit('n', 1_048_576)}`],
    ...['--ulimit', `nproc=${await hardLimit('u', 32_768)}`],
  ]
  await run('podman', [
    ...['--runtime', 'runc', 'run', '--detach', '--name', node, '--hostname', node, '--privileged'],
    ...['--tmpfs', '/run', '--tmpfs', '/tmp', '--volume', `${node}:/knest/disk`, ...limits],
    ...['--env', `KNEST_NODE_NAME=${node}`, image],
  ])
  await inNode(node, ['knest-init', 'ready', '--wait', '30'])
  const configuration = JSON.stringify(cniConfiguration(subnet))
  await inNode(node, ['sh', '-c', 'cat > /etc/cni/net.d/10-bridge.conflist'], configuration)
}

async function inNode(node: string, args: readonly string[], input = ''): Promise<string> {
  return (await run('podman', ['exec', '-i', node, ...args], { input })).stdout
}

function kubectl(...args: readonly string[]): Promise<string> {
  return inNode(name, ['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', ...args])
}

function versionOf(image: string): string {
  return image.split(':').at(-1) ?? ''
}

function stopwatch(): () => number {
  const started = performance.now()
  return () => (performance.now() - started) / 1000
}

async function removeNodes(): Promise<void> {
  for (const node of [joining, name]) {
    await run('podman', ['rm', '--force', '--ignore', '--volumes', '--time', '2', node])
    await run('podman', ['volume', 'rm', '--force', node])
  }
}
