import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execText } from 'knest/kube'
import { KnestError } from 'knest'
import type { KubeApi, KubeObject } from 'knest'
import { never, openHost } from './support/cluster.js'
import { createHome } from './support/home.js'
import type { TestHome } from './support/home.js'
import { equipKubeVirt } from './support/kubevirt.js'
import type { Equipped } from './support/kubevirt.js'
import { adminAccess, isOpen, openRaw } from './support/subresource.js'
import type { OpenOptions, OpenStream, RawAccess, Refusal } from './support/subresource.js'

// The stand-in itself, without any of knest's own parts for VMs. Numbers are those of the points in
// kubevirt-observed.md that e2e/kubevirt-stand-in/README.md claims.

const namespace = 'kubevirt-stand-in-test'
const kinds = {
  vm: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' },
  vmi: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
} as const
const mac = '52:54:00:00:05:01'
const subresources = '/apis/subresources.kubevirt.io'

let home: TestHome
let host: KubeApi
let access: RawAccess
let equipped: Equipped | undefined
let skipped: string | undefined

beforeAll(async () => {
  home = createHome()
  host = await openHost(home)
  const outcome = await equipKubeVirt(host)
  if ('skipped' in outcome) skipped = outcome.skipped
  else if (outcome.kind === 'real KubeVirt') skipped = 'the host has a real KubeVirt'
  else equipped = outcome
  if (skipped !== undefined) {
    console.log(`skipped: ${skipped}`)
    return
  }
  access = adminAccess(home)
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
  await host.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
    { signal: never },
  )
  await host.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'userdata', namespace },
      stringData: { userdata: '#cloud-config\ndisable_root: false\nhostname: stand-in\n' },
    },
    { signal: never },
  )
})

afterAll(async () => {
  if (equipped !== undefined) {
    for (const vm of await host.list(kinds.vm, { namespace, signal: never })) await deleteVm(vm.metadata.name)
    await host.delete({ apiVersion: 'v1', kind: 'Namespace' }, namespace, undefined, { signal: never })
    equipped.remove()
  }
  host.close()
  home.remove()
}, 300_000)

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- raw objects */

function machine(name: string, change: (spec: any) => void = () => undefined): KubeObject {
  const spec = {
    runStrategy: 'Always',
    template: {
      metadata: { labels: { tested: name } },
      spec: {
        terminationGracePeriodSeconds: 5,
        domain: {
          cpu: { cores: 1 },
          memory: { guest: '512Mi' },
          devices: {
            disks: [
              { name: 'root', disk: { bus: 'virtio' } },
              { name: 'seed', disk: { bus: 'virtio' } },
            ],
            interfaces: [{ name: 'pod', bridge: {}, macAddress: mac }],
          },
        },
        networks: [{ name: 'pod', pod: {} }],
        readinessProbe: { tcpSocket: { port: 22 }, periodSeconds: 1 },
        volumes: [
          { name: 'root', containerDisk: { image: 'localhost/knest/vm:v1.35.4' } },
          { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'userdata' } } },
        ],
      },
    },
  }
  change(spec)
  return { ...kinds.vm, metadata: { name, namespace }, spec }
}

const get = (kind: 'vm' | 'vmi', name: string): Promise<any> => host.get(kinds[kind], name, namespace, never)
const isReady = (vm: any): boolean => condition(vm, 'Ready')?.status === 'True'
const condition = (object: any, type: string): any =>
  object?.status?.conditions?.find((found: any) => found.type === type)

/** Waits for one object, and gives it with every state of it that was seen on the way. */
async function until(
  kind: keyof typeof kinds,
  name: string,
  done: (object: any) => boolean,
  look: (object: any) => string = (object) =>
    object?.status?.printableStatus ?? object?.status?.phase ?? 'none',
): Promise<{ object: any; seen: readonly string[] }> {
  const seen: string[] = []
  const found = await host.waitFor(
    kinds[kind],
    { namespace, fieldSelector: `metadata.name=${name}` },
    ([object]) => {
      const now = look(object)
      if (seen.at(-1) !== now) seen.push(now)
      return done(object)
    },
    {
      timeoutMs: 120_000,
      signal: never,
      awaited: `${kind} ${name}`,
      describe: (objects) => JSON.stringify(objects[0]?.status).slice(0, 1000),
    },
  )
  return { object: found[0], seen }
}

async function deleteVm(name: string): Promise<void> {
  await host.delete(kinds.vm, name, namespace, { signal: never })
  await until('vm', name, (vm) => vm === undefined)
}

function open(
  target: string,
  options: OpenOptions & { version?: string } = {},
): Promise<OpenStream | Refusal> {
  return openRaw(
    access,
    `${subresources}/${options.version ?? 'v1'}/namespaces/${namespace}/${target}`,
    options,
  )
}

async function opened(target: string, options: OpenOptions & { version?: string } = {}): Promise<OpenStream> {
  const outcome = await open(target, options)
  if (!isOpen(outcome)) throw new Error(`${target}: ${outcome.status} ${outcome.message}`)
  return outcome
}

async function refused(target: string, options: OpenOptions = {}): Promise<Refusal> {
  const outcome = await open(target, options)
  if (!isOpen(outcome)) return outcome
  outcome.socket.terminate()
  throw new Error(`${target} opened`)
}

async function banner(stream: OpenStream): Promise<string> {
  while (!stream.received().includes('\n'))
    await new Promise((resolve) => stream.socket.once('message', resolve))
  return stream.received().toString()
}

async function problemOf(vm: KubeObject): Promise<string> {
  try {
    await host.create(vm, { signal: never, dryRun: true })
  } catch (error) {
    if (error instanceof KnestError) return error.message
    throw error
  }
  return ''
}

const launcherOf = async (name: string): Promise<any> =>
  (await host.list(kinds.pod, { namespace, labelSelector: `vm.kubevirt.io/name=${name}`, signal: never }))[0]

/** Runs a command inside the machine, as its own init's child would. */
async function inside(name: string, command: string): Promise<string> {
  const pod = await launcherOf(name)
  const enter = `nsenter --target "$(pgrep -o -f ^/usr/local/bin/knest-init)" --pid --mount --cgroup -- ${command}`
  const target = { namespace, name: pod.metadata.name, container: 'compute' }
  const { exitCode, stdout, stderr } = await execText(host, target, ['bash', '-c', enter], {
    timeoutMs: 30_000,
    signal: never,
  })
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${stderr}`)
  return stdout.trim()
}

describe('the stand-in for KubeVirt, engine container', () => {
  const main = 'main'
  const forward = `virtualmachineinstances/${main}/portforward/22`
  // A machine that nothing is done to, for a client that is cut after a minute, while the other tests run.
  const quiet = 'quiet'
  let mute: OpenStream

  /** What portforward answers while the machine boots, each answer once. */
  async function refusalsUntilOpen(): Promise<readonly string[]> {
    const answers = new Set<string>()
    for (;;) {
      const outcome = await open(forward)
      if (isOpen(outcome)) {
        outcome.socket.terminate()
        return [...answers]
      }
      answers.add(`${outcome.status} ${outcome.message}`)
    }
  }

  it('is announced as KubeVirt is, and says what it is', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const [kubeVirt] = await host.list({ apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt' }, { signal: never })
    expect(kubeVirt?.status.phase).toBe('Deployed')
    expect(kubeVirt?.metadata.labels).toMatchObject({ 'kubevirt-stand-in.knest.dev/engine': 'container' })
    const { body } = await host.raw(`${subresources}/v1`, never)
    expect(body).toContain('virtualmachineinstances/portforward')
  })

  it('refuses what KubeVirt refuses, in its words (6), and admits an interface without binding (7)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const problems = await Promise.all([
      problemOf(machine('x', (spec) => delete spec.runStrategy)),
      problemOf(machine('x', (spec) => (spec.runStrategy = 'Sometimes'))),
      problemOf(machine('x', (spec) => (spec.template.spec.domain.devices.disks[1].disk.bus = 'virtioo'))),
      problemOf(machine('x', (spec) => (spec.template.spec.domain.devices.disks[1].name = 'cj'))),
      problemOf(
        machine(
          'x',
          (spec) => (spec.template.spec.volumes[1].cloudInitNoCloud = { userData: 'x'.repeat(2049) }),
        ),
      ),
      problemOf(machine('x', (spec) => delete spec.template.spec.domain.devices.interfaces[0].bridge)),
    ])
    expect(problems[0]).toContain('spec.running: RunStrategy must be specified')
    expect(problems[1]).toContain('spec.runStrategy: Invalid RunStrategy (Sometimes)')
    expect(problems[2]).toContain(
      'is set with an unrecognized bus virtioo, must be one of: [virtio scsi sata usb]',
    )
    expect(problems[3]).toContain("disks[1].Name 'cj' not found")
    expect(problems[4]).toContain('userdata exceeds 2048 byte limit. Should use UserDataSecretRef')
    expect(problems[5]).toBe('')
  })

  it('starts a VM through all phases, Ready only when sshd answers (1, 2, 3, 8, 10, 22, 23, 25)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    await host.create(machine(main), { signal: never })
    await host.create(
      machine(
        quiet,
        (spec) => (spec.template.spec.domain.devices.interfaces[0].macAddress = '52:54:00:00:05:02'),
      ),
      { signal: never },
    )
    const refusals = refusalsUntilOpen()
    const [vm, vmi] = await Promise.all([
      until('vm', main, isReady),
      until(
        'vmi',
        main,
        isReady,
        (object) => `${object?.status?.phase ?? 'none'} ${condition(object, 'Ready')?.reason}`,
      ),
    ])
    expect(vm.seen.filter((status) => status !== 'none').slice(-2)).toEqual(['Starting', 'Running'])
    expect(vmi.seen).toContain('Running ContainersNotReady')
    const { status, metadata } = vmi.object
    expect(status.phaseTransitionTimestamps.map(({ phase }: any) => phase)).toEqual([
      'Pending',
      'Scheduling',
      'Scheduled',
      'Running',
    ])
    expect(metadata.finalizers).toEqual([
      'kubevirt.io/virtualMachineControllerFinalize',
      'kubevirt.io/foregroundDeleteVirtualMachine',
    ])
    expect(vm.object.metadata.finalizers).toEqual(['kubevirt.io/virtualMachineControllerFinalize'])
    const template = vm.object.spec.template.spec
    expect(template).toMatchObject({ architecture: 'amd64', domain: { machine: { type: 'q35' } } })
    expect(vmi.object.spec.domain.firmware.uuid).toBe(template.domain.firmware.uuid)
    expect(condition(vmi.object, 'LiveMigratable')).toMatchObject({ reason: 'InterfaceNotLiveMigratable' })
    const pod = await launcherOf(main)
    expect(status.interfaces[0]).toMatchObject({ name: 'pod', mac, ipAddress: pod.status.podIP })
    expect(pod.metadata.labels).toMatchObject({
      'kubevirt.io': 'virt-launcher',
      tested: main,
      'vmi.kubevirt.io/id': main,
    })
    expect(pod.spec.terminationGracePeriodSeconds).toBe(35)
    expect(pod.spec.containers[0].resources.requests).toEqual({ cpu: '100m', memory: '782Mi' })
    expect(await inside(main, 'cat /sys/class/net/eth0/address')).toBe(mac)
    const answers = await refusals
    for (const answer of answers) {
      expect(answer).toMatch(
        /^(404 .*not found|400 no network interfaces are present|500 .*dialing VM: dial tcp .*:22: connect: (connection refused|no route to host))$/,
      )
    }
    expect(answers.join()).toContain('dialing VM')
    const log = await host.raw(
      `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/log?container=guest-console-log`,
      never,
    )
    expect(log.body).toContain('machine main boots')
  })

  it('forwards ports by WebSocket: versions, paths, subprotocols, pings, end (24, 27, 28)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const streams = await Promise.all([
      opened(`${forward}/tcp`),
      opened(forward),
      opened(`virtualmachines/${main}/portforward/22`),
      opened(forward, { version: 'v1alpha3' }),
      opened(forward, { protocols: [] }),
    ])
    await until('vm', quiet, isReady)
    mute = await opened(`virtualmachineinstances/${quiet}/portforward/22`, { autoPong: false })
    expect(streams.map(({ protocol }) => protocol)).toEqual([
      ...Array<string>(4).fill('plain.kubevirt.io'),
      '',
    ])
    for (const stream of streams) expect(await banner(stream)).toMatch(/^SSH-2\.0-OpenSSH/)
    await expect(open(forward, { protocols: ['foreign.example'] })).rejects.toThrow(
      'Server sent no subprotocol',
    )
    const [first, ...others] = streams as [OpenStream, ...OpenStream[]]
    await new Promise((resolve) => setTimeout(resolve, 3500))
    expect(first.pings()).toBeGreaterThanOrEqual(3)
    // sshd ends a connection that is no SSH.
    first.socket.send(Buffer.from('not SSH\n'))
    expect((await first.closed).code).toBe(1006)
    for (const { socket } of others) socket.terminate()
  })

  it('answers before the upgrade when there is nobody to speak to (25)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const vm = `virtualmachines/${main}/portforward`
    expect((await refused('virtualmachineinstances/nobody/portforward/22')).status).toBe(404)
    expect((await refused('virtualmachines/nobody/portforward/22')).status).toBe(404)
    const closed = await refused(`${vm}/23`)
    expect(closed.status).toBe(500)
    expect(closed.message).toMatch(/dialing VM: dial tcp [0-9.]+:23: connect: connection refused/)
    expect((await refused(`${vm}/ssh-d`)).message).toContain('unknown port')
    expect((await refused(`${vm}/22/sctp`)).message).toContain('unknown network sctp')
  })

  it('lets nobody in without the right, and with it by each way of identification (30)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const meta = { name: 'caller', namespace }
    const rbac = 'rbac.authorization.k8s.io/v1'
    await host.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta }, { signal: never })
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/caller/token`
    const answer = await host.raw(path, never, {
      method: 'POST',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    })
    const { token } = (JSON.parse(answer.body) as { status: { token: string } }).status
    expect((await refused(forward, { token })).status).toBe(403)
    const rules = [
      {
        apiGroups: ['subresources.kubevirt.io'],
        resources: ['virtualmachineinstances/portforward'],
        verbs: ['get'],
      },
    ]
    await host.apply({ apiVersion: rbac, kind: 'Role', metadata: meta, rules }, { signal: never })
    await host.apply(
      {
        apiVersion: rbac,
        kind: 'RoleBinding',
        metadata: meta,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'caller' },
        subjects: [{ kind: 'ServiceAccount', ...meta }],
      },
      { signal: never },
    )
    await expect.poll(async () => isOpen(await open(forward, { token }))).toBe(true)
    const encoded = Buffer.from(token).toString('base64url')
    const asProtocol = ['plain.kubevirt.io', `base64url.bearer.authorization.k8s.io.${encoded}`]
    const stream = await opened(forward, { protocols: asProtocol })
    expect(await banner(stream)).toMatch(/^SSH-/)
    stream.socket.terminate()
    expect((await refused(`virtualmachines/${main}/portforward/22`, { token })).status).toBe(403)
  })

  it('keeps the VMI when the machine reboots; nothing in the status tells (11)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const before = await get('vmi', main)
    await inside(main, 'touch /root/kept')
    const boots = async (): Promise<number> => {
      const pod = (await launcherOf(main)).metadata.name as string
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=guest-console-log`
      return (await host.raw(path, never)).body.split('sshd listens').length - 1
    }
    await inside(main, 'reboot')
    await expect.poll(boots, { timeout: 60_000 }).toBe(2)
    expect(await inside(main, 'ls /root/kept')).toBe('/root/kept')
    const after = await get('vmi', main)
    expect(after.metadata.uid).toBe(before.metadata.uid)
    expect(after.status.interfaces).toEqual(before.status.interfaces)
    expect(after.status.phase).toBe('Running')
  })

  it('makes a new VMI with a new IP and a fresh disk on restart, with the MAC of the spec (9, 10, 13)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const before = await get('vmi', main)
    const path = `${subresources}/v1/namespaces/${namespace}/virtualmachines/${main}/restart`
    expect((await host.raw(path, never, { method: 'PUT' })).status).toBe(202)
    const isNew = (vmi: any): boolean =>
      vmi !== undefined && vmi.metadata.uid !== before.metadata.uid && isReady(vmi)
    const { object } = await until('vmi', main, isNew)
    expect(object.status.interfaces[0].ipAddress).not.toBe(before.status.interfaces[0].ipAddress)
    expect(object.status.interfaces[0].mac).toBe(mac)
    expect(object.spec.domain.firmware.uuid).toBe(before.spec.domain.firmware.uuid)
    await expect(inside(main, 'ls /root/kept')).rejects.toThrow()
  })

  it('comes back by itself after a power off inside: Succeeded, Stopped, then a new VMI (12)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const { metadata } = await get('vmi', main)
    const phases = until(
      'vmi',
      main,
      (vmi) => vmi !== undefined && vmi.metadata.uid !== metadata.uid && isReady(vmi),
    )
    const statuses = until('vm', main, (vm) => vm.status.printableStatus === 'Stopped')
    await inside(main, 'poweroff')
    await statuses
    expect((await phases).seen).toContain('Succeeded')
  })

  it('says that a changed template waits for a restart, and lets nobody change a VMI (5)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const memory = { spec: { template: { spec: { domain: { memory: { guest: '600Mi' } } } } } }
    await host.patch(kinds.vm, main, namespace, memory, { signal: never })
    const { object } = await until('vm', main, (vm) => condition(vm, 'RestartRequired')?.status === 'True')
    expect(condition(object, 'RestartRequired').message).toContain('memory updated in template spec')
    await expect(
      host.patch(kinds.vmi, main, namespace, memory.spec.template, { signal: never }),
    ).rejects.toThrow('update of VMI object is restricted')
  })

  it('stops and starts by the run strategy (14), and has no VMI to speak to meanwhile (25)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    await host.patch(kinds.vm, main, namespace, { spec: { runStrategy: 'Halted' } }, { signal: never })
    const { seen, object } = await until(
      'vm',
      main,
      (vm) => vm.status.printableStatus === 'Stopped' && !vm.status.created,
    )
    expect(seen).toContain('Stopping')
    // Absent and not false (3).
    expect(object.status).not.toHaveProperty('created')
    expect(object.status).not.toHaveProperty('ready')
    expect(condition(object, 'Ready').reason).toBe('VMINotExists')
    const answer = await refused(`virtualmachines/${main}/portforward/22`)
    expect(answer.status).toBe(409)
    expect(answer.message).toContain('VMI is not started')
    await host.patch(kinds.vm, main, namespace, { spec: { runStrategy: 'Always' } }, { signal: never })
    await until('vm', main, (vm) => vm.status.printableStatus === 'Running')
  })

  it('says what goes wrong with a VM (4, 7)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    await until('vm', main, isReady)
    const change = {
      image: (spec: any) => (spec.template.spec.volumes[0].containerDisk.image = 'localhost/knest/nothing:1'),
      large: (spec: any) => (spec.template.spec.domain.memory.guest = '4Ti'),
      secret: (spec: any) => (spec.template.spec.volumes[1].cloudInitNoCloud.secretRef.name = 'nothing'),
      binding: (spec: any) => delete spec.template.spec.domain.devices.interfaces[0].bridge,
    }
    for (const [name, how] of Object.entries(change)) await host.create(machine(name, how), { signal: never })
    const is = (status: string) => (vm: any) => vm?.status?.printableStatus === status
    const [image, large, binding] = await Promise.all([
      until('vm', 'image', is('ImagePullBackOff')),
      until('vm', 'large', is('ErrorUnschedulable')),
      until('vm', 'binding', is('CrashLoopBackOff')),
      until('vm', 'secret', is('Starting')),
    ])
    expect(condition(image.object, 'Synchronized')).toMatchObject({
      status: 'False',
      reason: 'ImagePullBackOff',
    })
    expect(condition(large.object, 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
    })
    expect(binding.object.status.startFailure.consecutiveFailCount).toBe(1)
    const early = await refused('virtualmachineinstances/large/portforward/22')
    expect(early).toMatchObject({ status: 400, message: 'no network interfaces are present' })
    const stuck = await get('vm', 'secret')
    expect(stuck.status.printableStatus).toBe('Starting')
    expect(stuck.status.conditions.map(({ type }: any) => type)).toEqual(['Ready'])
    await Promise.all(Object.keys(change).map(deleteVm))
  }, 180_000)

  it('has cut a client that never pongs after 60 s (27)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const { code, afterMs } = await mute.closed
    expect(code).toBe(1006)
    expect(afterMs).toBeGreaterThan(58_000)
    expect(afterMs).toBeLessThan(75_000)
  }, 180_000)

  it('deletes a VM with its pod, after its machine has shut down (15)', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const last = until('vmi', main, (vmi) => vmi === undefined)
    await deleteVm(main)
    expect((await last).seen).toContain('Succeeded')
    expect(await launcherOf(main)).toBeUndefined()
  })
})
