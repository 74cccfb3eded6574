import { run } from './run.js'

const name = 'knest-bench-floor'

const cniConfiguration = {
  cniVersion: '1.0.0',
  name: 'bridge',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      hairpinMode: true,
      ipMasq: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.200.0.0/24' }]] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

function kubeadmConfiguration(version: string): string {
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

async function hardLimit(flag: string, most: number): Promise<number> {
  const { stdout } = await run('bash', ['-c', `ulimit -H${flag}`])
  const limit = Number(stdout.trim())
  return Number.isFinite(limit) ? Math.min(limit, most) : most
}

export interface Floor {
  readonly nodeReady: number
  readonly dnsAvailable: number
}

/**
 * What plain kubeadm needs at the least: one node container whose images and CNI configuration are in
 * place, from its start through `kubeadm init` to node Ready and CoreDNS Available. Seconds.
 */
export async function measureFloor(image: string): Promise<Floor> {
  await removeFloor()
  const limits = [
    '--ulimit',
    `nofile=${await hardLimit('n', 1_048_576)}`,
    '--ulimit',
    `nproc=${await hardLimit('u', 32_768)}`,
  ]
  const inNode = (args: readonly string[], input?: string): Promise<unknown> =>
    run('podman', ['exec', '-i', name, ...args], input === undefined ? {} : { input })
  const kubectl = (...args: readonly string[]): Promise<unknown> =>
    inNode(['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', ...args])

  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  try {
    await run('podman', [
      ...['--runtime', 'runc', 'run', '--detach', '--name', name, '--hostname', name, '--privileged'],
      ...['--tmpfs', '/run', '--tmpfs', '/tmp', '--volume', `${name}:/knest/disk`, ...limits],
      ...['--env', `KNEST_NODE_NAME=${name}`, image],
    ])
    await inNode(['knest-init', 'ready', '--wait', '30'])
    await inNode(['sh', '-c', 'cat > /etc/cni/net.d/10-bridge.conflist'], JSON.stringify(cniConfiguration))
    await inNode(
      ['sh', '-c', 'cat > /run/knest/kubeadm.yaml'],
      kubeadmConfiguration(image.split(':').at(-1) ?? ''),
    )
    await inNode([
      'kubeadm',
      'init',
      '--config',
      '/run/knest/kubeadm.yaml',
      '--ignore-preflight-errors',
      'all',
    ])
    await kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s')
    const nodeReady = seconds()
    await kubectl(
      '--namespace',
      'kube-system',
      'wait',
      '--for=condition=Available',
      'deployment/coredns',
      '--timeout=180s',
    )
    return { nodeReady, dnsAvailable: seconds() }
  } finally {
    await removeFloor()
  }
}

async function removeFloor(): Promise<void> {
  await run('podman', ['rm', '--force', '--ignore', '--volumes', '--time', '2', name])
  await run('podman', ['volume', 'rm', '--force', name])
}
