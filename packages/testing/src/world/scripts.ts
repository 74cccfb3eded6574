import { bytesOf, type Scene } from './scene.js'
import { ScriptKilled, type Machine, type Work } from './machine.js'
import { failed, fine, type Outcome } from './outcome.js'
import { filesIn } from './tar.js'
import { etcdctl, healthScript } from './etcdctl.js'

const bootstrapped = '/var/lib/knest/bootstrapped'
const marksSetUp = `>${bootstrapped}.new`
const upgrading = '/var/lib/knest/upgrading'
const beforeUpgrade = '/var/lib/knest/before-upgrade/configuration.json'

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
    return machine.alone((work) => writeScript(scene, machine, work, script, stdin))
  if (script.includes('kill -9')) {
    machine.killScripts()
    return fine
  }
  const work: Work = (ms) => machine.work(ms)
  return runScript(scene, machine, work, script, filesIn(bytesOf(stdin)))
}

/** A script that writes to the disk, and what of it lasts. */
async function writeScript(
  scene: Scene,
  machine: Machine,
  work: Work,
  script: string,
  stdin: unknown,
): Promise<Outcome> {
  const { disk } = machine
  if (disk.isFull) return failed('write error: No space left on device')
  try {
    return await runScript(scene, machine, work, script, filesIn(bytesOf(stdin)))
  } catch (error) {
    if (error instanceof ScriptKilled) return failed('', 137)
    throw error
  } finally {
    if (script.includes('find /etc/kubernetes')) disk.sync()
    else if (script.includes('sync /var/lib/knest')) disk.syncMarkers()
    machine.syncLater()
  }
}

async function runScript(
  scene: Scene,
  machine: Machine,
  work: Work,
  script: string,
  files: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const { disk } = machine
  const has = (text: string): boolean => script.includes(text)
  const say = (stdout: string): Outcome => ({ ...fine, stdout })
  const states = `${[disk.state(), `version ${machine.version}`, ...(disk.upgrading === undefined ? [] : ['upgrading']), ...(disk.manifests === undefined ? [] : [`manifests ${disk.manifests}`]), ...(disk.isInitialMember ? [`initial ${disk.initialMembers}`] : []), ...(disk.etcd === undefined ? [] : ['member'])].join('\n')}\n`
  // Nobody edits a manifest by hand in it.
  if (has('KUBEADM_INIT_DRYRUN_DIR')) return fine

  if (has("echo '= disk'")) return say(`= disk\n${states}`)
  if (has('version |p')) return say(states)
  if (has('base64 --wrap=0')) return say(`${disk.state()}\n${authorityLines(disk.pki)}`)
  if (has('echo founder'))
    return say(`${disk.state()}\n${has('echo data') && disk.etcd !== undefined ? 'data\n' : ''}`)
  // Nobody reads logs in it.
  if (has('for part in')) return fine
  if (has('MainPID')) return say(`${Math.floor((machine.kubeletAt ?? 0) / 1_000)}\n`)
  if (has(`[ -e ${bootstrapped} ] && exit 0`) && disk.isBootstrapped) return fine
  if (has('>/var/lib/knest/founder.new')) {
    if (!disk.isInitialMember)
      disk.initialMembers = / '([^']*)' >\/var\/lib\/knest\/founder/.exec(script)?.[1] ?? ''
    disk.isInitialMember = true
    if (has('sync /var/lib/knest/founder')) disk.syncMarkers()
    await work(1_500)
    if (disk.authority === undefined) disk.layOut(files)
    scene.formEtcd(machine, files.get('/etc/kubernetes/knest-kubeadm.yaml') ?? '')
    await work(1_500)
    disk.manifests = machine.version
    disk.hasKubeconfig = true
    machine.startKubelet()
    return fine
  }
  if (has('/dev/tcp/127.0.0.1/2379')) {
    if (disk.isBootstrapped || disk.etcd === undefined || machine.runsEtcd()) return fine
    await work(2_000)
    disk.layOut(files)
    disk.isKubeconfigHeld = false
    disk.hasMemberOnly = true
    disk.manifests = machine.version
    disk.hasKubeconfig = true
    machine.restartKubelet()
    return fine
  }
  if (has('kubeadm join')) return join(scene, machine, work, files)
  if (has('kubeadm reset')) {
    if (disk.etcd !== undefined || disk.manifests !== undefined) {
      await work(2_000)
      disk.reset()
      machine.kubeletAt = undefined
    }
    if (has(`rm -f ${bootstrapped}\n`)) {
      disk.isBootstrapped = false
      disk.syncMarkers()
    }
    if (has('rm -f /var/lib/knest/founder')) {
      disk.isInitialMember = false
      disk.syncMarkers()
    }
    return fine
  }
  if (has(marksSetUp) && has('kubeadm init')) {
    await work(2_000)
    const nested = scene.nestedOf(machine)
    if (nested === undefined) return failed('error: the API server does not answer')
    if (!has('upload-config')) nested.configure(machine.version)
    await work(500)
    disk.isBootstrapped = true
    disk.isInitialMember = false
    return fine
  }
  if (has(marksSetUp)) {
    disk.layOut(files)
    await work(400)
    disk.hasKubeconfig = true
    machine.startKubelet()
    disk.isBootstrapped = true
    return fine
  }
  return upgradeScript(scene, machine, work, has, files)
}

async function upgradeScript(
  scene: Scene,
  machine: Machine,
  work: Work,
  has: (text: string) => boolean,
  files: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const { disk } = machine
  if (has(`>${upgrading}`)) {
    if (disk.upgrading === undefined) disk.beforeUpgrade = files.get(beforeUpgrade) ?? ''
    disk.upgrading ??= has("'cordoned'") ? 'cordoned' : ''
    return fine
  }
  if (has(`cat ${beforeUpgrade}`)) {
    const before = disk.upgrading === undefined ? '' : disk.beforeUpgrade
    return { ...fine, stdout: `${before}= flags\n` }
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
      await work(1_000)
    }
    return failed('the API server is not ready')
  }
  if (has('upload-config all') || has('rollout status')) {
    await work(2_000)
    const nested = scene.nestedOf(machine)
    if (nested === undefined) return failed('error: the API server does not answer')
    nested.configure(machine.version, has('addon kube-proxy') ? 'proxy' : 'configuration')
    return fine
  }
  if (has('.upgrading') && has('tar ')) {
    await work(2_000)
    disk.isKubeconfigHeld = false
    if (has('kubeadm init')) disk.manifests = machine.version
    machine.restartKubelet()
    return fine
  }
  if (has('phase mark-control-plane')) {
    await work(500)
    return scene.nestedOf(machine) === undefined ? failed('error: the API server does not answer') : fine
  }
  if (has('systemctl stop kubelet')) {
    await work(1_000)
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
async function join(
  scene: Scene,
  machine: Machine,
  work: Work,
  files: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const { disk } = machine
  await work(1_500)
  const nested = scene.nestedFor(machine, files.get('/etc/kubernetes/pki/ca.crt'))
  if (nested === undefined) return failed('error: could not reach the cluster')
  disk.layOut(files)
  const { etcd } = nested
  if (!etcd.hasQuorum()) return failed('etcdserver: request timed out')
  const peerUrl = `https://${machine.identity ?? ''}:2380`
  if ([...etcd.members.values()].some((one) => one.peerUrl === peerUrl))
    return failed('etcdserver: Peer URLs already exists')
  const member = etcd.add('', peerUrl, true)
  await work(1_500)
  disk.etcd = etcd
  disk.member = member
  disk.manifests = machine.version
  disk.hasKubeconfig = true
  member.disk = disk
  member.name = machine.node
  machine.startKubelet()
  for (let waited = 0; !machine.runsEtcd(); waited += 500) {
    if (waited > 120_000) return failed('etcd did not start')
    await work(500)
  }
  await work(1_000)
  if (!etcd.hasQuorum() || !etcd.members.has(member.id)) return failed('etcdserver: request timed out')
  member.learner = false
  await work(2_000)
  nested.register(machine.node)
  disk.isBootstrapped = true
  return fine
}

/** The files as a control plane tells them to whoever has lost them. */
function authorityLines(pki: ReadonlyMap<string, string>): string {
  const name = (path: string): string => path.replace('/etc/kubernetes/pki/', '')
  return [...pki].map(([path, text]) => `${name(path)} ${Buffer.from(text).toString('base64')}\n`).join('')
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
