import { bytesOf, type Scene } from './scene.js'
import type { Machine } from './machine.js'
import { failed, fine, type Outcome } from './outcome.js'
import { filesIn } from './tar.js'
import { etcdctl, healthScript } from './etcdctl.js'

const bootstrapped = '/var/lib/knest/bootstrapped'
const upgrading = '/var/lib/knest/upgrading'

/**
 * Runs a command of knest on a machine: its scripts are known by what is in them, and do to disk and cluster what
 * kubeadm, kubelet and etcd would have done. Throws at one it does not know.
 */
export async function runCommand(
  scene: Scene,
  machine: Machine,
  argv: readonly string[],
  stdin: unknown,
): Promise<Outcome> {
  const [program = '', , script = ''] = argv
  await machine.work(30)
  if (program === 'knest-init') return fine
  if (program === 'etcdctl') return etcdctl(machine, argv)
  if (program === 'kubectl') return kubectl(scene, machine, argv)
  if (program === 'timeout') return untilListening(machine, Number(argv[1]))
  if (program !== 'bash') return failed(`${program}: not found`, 127)
  if (argv[3] === 'health') return healthScript(machine)
  if (script.includes('flock'))
    return machine.alone(() => runScript(scene, machine, script, filesIn(bytesOf(stdin))))
  return runScript(scene, machine, script, filesIn(bytesOf(stdin)))
}

async function runScript(
  scene: Scene,
  machine: Machine,
  script: string,
  files: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const { disk } = machine
  const has = (text: string): boolean => script.includes(text)
  const say = (stdout: string): Outcome => ({ ...fine, stdout })
  const states = `${[disk.state(), `version ${machine.version}`, ...(disk.upgrading === undefined ? [] : ['upgrading']), ...(disk.manifests === undefined ? [] : [`manifests ${disk.manifests}`]), ...(disk.isInitialMember ? [`initial ${disk.initialMembers}`] : [])].join('\n')}\n`
  const authority = files.get('/etc/kubernetes/pki/ca.crt')

  if (has("echo '= disk'")) return say(`= disk\n${states}`)
  if (has('version |p')) return say(states)
  if (has('echo founder')) return say(`${disk.state()}\n`)
  if (has('ActiveEnterTimestamp')) return say(`${Math.floor((machine.kubeletAt ?? 0) / 1_000)}\n`)
  if (has(`[ -e ${bootstrapped} ] && exit 0`) && disk.isBootstrapped) return fine
  if (has('>/var/lib/knest/founder.new')) {
    if (!disk.isInitialMember)
      disk.initialMembers = /echo '(.*)' >\/var\/lib\/knest\/founder/.exec(script)?.[1] ?? ''
    disk.isInitialMember = true
    await machine.work(1_500)
    disk.authority ??= authority
    scene.formEtcd(machine, files.get('/etc/kubernetes/knest-kubeadm.yaml') ?? '')
    await machine.work(1_500)
    disk.manifests = machine.version
    disk.hasKubeconfig = true
    machine.startKubelet()
    return fine
  }
  if (has('kubeadm join')) return join(scene, machine, authority)
  if (has('kubeadm reset')) {
    if (disk.etcd === undefined && disk.manifests === undefined) return fine
    await machine.work(2_000)
    disk.reset()
    machine.kubeletAt = undefined
    return fine
  }
  if (has(`touch ${bootstrapped}`) && has('kubeadm init')) {
    await machine.work(2_000)
    const nested = scene.nestedOf(machine)
    if (nested === undefined) return failed('error: the API server does not answer')
    if (!has('upload-config')) nested.configure(machine.version)
    await machine.work(500)
    disk.isBootstrapped = true
    disk.isInitialMember = false
    return fine
  }
  if (has(`touch ${bootstrapped}`)) {
    disk.authority = authority
    await machine.work(400)
    disk.hasKubeconfig = true
    machine.startKubelet()
    disk.isBootstrapped = true
    return fine
  }
  return upgradeScript(scene, machine, has)
}

async function upgradeScript(
  scene: Scene,
  machine: Machine,
  has: (text: string) => boolean,
): Promise<Outcome> {
  const { disk } = machine
  if (has(`>${upgrading}`)) {
    disk.upgrading ??= has("echo 'cordoned'") ? 'cordoned' : ''
    return fine
  }
  if (has(`cat ${upgrading}`)) {
    return { ...fine, stdout: disk.upgrading === undefined ? '' : `${disk.upgrading}\n` }
  }
  if (has(`rm -f ${upgrading}`)) {
    disk.upgrading = undefined
    return fine
  }
  if (has('get --raw=/version')) {
    for (let waited = 0; waited < 300_000; waited += 1_000) {
      if (machine.serves()) return fine
      await machine.work(1_000)
    }
    return failed('the API server is not ready')
  }
  if (has('upload-config all') || has('addon kube-proxy')) {
    await machine.work(2_000)
    const nested = scene.nestedOf(machine)
    if (nested === undefined) return failed('error: the API server does not answer')
    nested.configure(machine.version, has('addon kube-proxy') ? 'proxy' : 'configuration')
    return fine
  }
  if (has('.upgrading') && has('tar ')) {
    await machine.work(2_000)
    disk.isKubeconfigHeld = false
    if (has('kubeadm init')) disk.manifests = machine.version
    machine.restartKubelet()
    return fine
  }
  if (has('systemctl start kubelet')) {
    disk.isKubeconfigHeld = false
    machine.startKubelet()
    return fine
  }
  if (has('.upgrading')) {
    disk.isKubeconfigHeld = true
    return fine
  }
  throw new Error('the world does not know this script')
}

/** `kubeadm join` of a control plane: learner, kubelet, promotion. Who is cut off leaves what there was by then. */
async function join(scene: Scene, machine: Machine, authority: string | undefined): Promise<Outcome> {
  const { disk } = machine
  await machine.work(1_500)
  const nested = scene.nestedFor(machine, authority)
  if (nested === undefined) return failed('error: could not reach the cluster')
  disk.authority = authority
  const { etcd } = nested
  if (!etcd.hasQuorum()) return failed('etcdserver: request timed out')
  const peerUrl = `https://${machine.identity ?? ''}:2380`
  if ([...etcd.members.values()].some((one) => one.peerUrl === peerUrl))
    return failed('etcdserver: Peer URLs already exists')
  const member = etcd.add('', peerUrl, true)
  await machine.work(1_500)
  disk.etcd = etcd
  disk.member = member
  disk.manifests = machine.version
  disk.hasKubeconfig = true
  member.disk = disk
  member.name = machine.node
  machine.startKubelet()
  for (let waited = 0; !machine.runsEtcd(); waited += 500) {
    if (waited > 120_000) return failed('etcd did not start')
    await machine.work(500)
  }
  await machine.work(1_000)
  if (!etcd.hasQuorum() || !etcd.members.has(member.id)) return failed('etcdserver: request timed out')
  member.learner = false
  await machine.work(2_000)
  nested.register(machine.node)
  disk.isBootstrapped = true
  return fine
}

async function untilListening(machine: Machine, seconds: number): Promise<Outcome> {
  for (let waited = 0; waited < seconds * 1_000; waited += 1_000) {
    // The port is open a moment before the API server is ready.
    if (machine.serves()) return fine
    await machine.work(1_000)
  }
  return failed('', 124)
}

async function kubectl(scene: Scene, machine: Machine, argv: readonly string[]): Promise<Outcome> {
  const nested = scene.nestedOf(machine)
  if (nested === undefined) return failed('The connection to the server was refused')
  if (argv.includes('drain')) {
    await machine.work(1_000)
    const name = argv[argv.indexOf('drain') + 1] ?? ''
    const node = nested.store.get({ apiVersion: 'v1', kind: 'Node' }, name)
    if (node === undefined) return failed(`nodes "${name}" not found`)
    nested.store.patch(scene.host, { apiVersion: 'v1', kind: 'Node' }, name, undefined, {
      spec: { unschedulable: true },
    })
    return fine
  }
  const name = argv[argv.indexOf('node') + 1] ?? ''
  const node = nested.store.get({ apiVersion: 'v1', kind: 'Node' }, name)
  if (node === undefined) return failed(`nodes "${name}" not found`)
  const { unschedulable } = (node.spec ?? {}) as { unschedulable?: boolean }
  return { ...fine, stdout: unschedulable === true ? 'true' : '' }
}
