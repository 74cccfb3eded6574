import { KnestError, type ClusterSpec, type KubeApi, type KubeObject, type NodeSpec } from '@knest/core'
import { sampleSpec } from '@knest/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createVmNodeBackend } from './backend.js'
import { deleteVm } from './delete-vm.js'
import { startFakeKubeVirt, type FakeKubeVirt } from './fake-kubevirt.js'
import { dataVolumeKind, kubeVirtKind, vmiKind, vmKind } from './kubevirt.js'
import { sampleNode } from './sample-node.js'
import { waitForVm } from './wait-for-vm.js'

const { signal } = new AbortController()
const { namespace } = sampleNode.cluster
const node = sampleNode.name
const v1 = (kind: string) => ({ apiVersion: 'v1', kind })
const root = `${node}-root`
let fake: FakeKubeVirt

beforeEach(async () => {
  fake = await startFakeKubeVirt()
})
afterEach(() => fake.close())

function backend(api: KubeApi = fake.api) {
  return createVmNodeBackend(api, { jobsFolder: fake.jobsFolder })
}

async function put(
  kind: { apiVersion: string; kind: string },
  name: string,
  fields: object = {},
): Promise<void> {
  await fake.objects.apply({ ...kind, metadata: { name, namespace }, ...fields }, { signal })
}

function get(kind: { apiVersion: string; kind: string }, name: string) {
  return fake.objects.get(kind, name, namespace, signal)
}

describe('making a node', () => {
  it('tells cloud-init what the image expects, before there is a VM', async () => {
    let secretFirst = false
    fake.objects.onChange((object) => {
      if (object.kind === 'Secret' && object.metadata.name === `${node}-userdata`) secretFirst = true
      if (object.kind === vmKind.kind) expect(secretFirst).toBe(true)
    })
    await backend().ensureNode({ ...sampleNode, identity: '10.96.0.7' }, signal)
    const secret = await get(v1('Secret'), `${node}-userdata`)
    const text = Buffer.from((secret?.data as { userdata: string }).userdata, 'base64').toString()
    expect(text).toMatch(/^#cloud-config\n/)
    expect(parse(text)).toMatchObject({
      hostname: node,
      manage_etc_hosts: false,
      disable_root: false,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_keys: {
        ed25519_private: expect.stringContaining('OPENSSH PRIVATE KEY') as string,
        ed25519_public: expect.stringMatching(/^ssh-ed25519 /) as string,
      },
      ssh_authorized_keys: [expect.stringMatching(/^ssh-ed25519 /)],
      write_files: [
        { path: '/etc/knest/node.env', content: `KNEST_NODE_NAME=${node}\nKNEST_IDENTITY=10.96.0.7\n` },
        { path: '/etc/knest/hosts', content: '10.96.1.2 demo-api.knest-demo.svc\n' },
      ],
    })
  })

  it('gives every node a host key of its own, and keeps it', async () => {
    const vms = backend()
    const other = { ...sampleNode, name: 'demo-worker-1' }
    await Promise.all([vms.ensureNode(sampleNode, signal), vms.ensureNode(other, signal)])
    const before = (await get(v1('Secret'), 'demo-ssh'))?.data as Record<string, string>
    await vms.ensureNode(sampleNode, signal)
    const after = (await get(v1('Secret'), 'demo-ssh'))?.data as Record<string, string>
    expect(after).toEqual(before)
    expect(before[`host-${node}`]).not.toBe(before['host-demo-worker-1'])
    await vms.deleteNode(sampleNode.cluster, node, { keepData: false, signal })
    const left = (await get(v1('Secret'), 'demo-ssh'))?.data as Record<string, string>
    expect(Object.keys(left).sort()).toEqual([
      'host-demo-worker-1',
      'host-demo-worker-1.pub',
      'id_ed25519',
      'id_ed25519.pub',
    ])
  })
})

describe('waiting for a VM', () => {
  const wait = { timeoutMs: 300, signal, dataVolume: false }

  beforeEach(async () => {
    fake.startsVms = false
    await put(vmKind, node)
  })

  it('ends at once when the image cannot be pulled, with the text of the registry', async () => {
    await put(vmKind, node, { status: { printableStatus: 'ImagePullBackOff' } })
    const condition = {
      type: 'Synchronized',
      status: 'False',
      reason: 'ImagePullBackOff',
      message: 'no such image',
    }
    await put(vmiKind, node, { status: { phase: 'Scheduling', conditions: [condition] } })
    await expect(waitForVm(fake.api, sampleNode, { ...wait, timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'prerequisite',
      message: expect.stringContaining('no such image') as string,
    })
  })

  it.each([
    [
      'no room',
      vmKind,
      {
        status: {
          printableStatus: 'ErrorUnschedulable',
          conditions: [
            { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'too little memory' },
          ],
        },
      },
      /ErrorUnschedulable: Unschedulable: too little memory/,
    ],
    [
      'a start that fails',
      vmKind,
      { status: { printableStatus: 'CrashLoopBackOff', startFailure: { consecutiveFailCount: 2 } } },
      /CrashLoopBackOff: its start failed 2 times/,
    ],
    [
      'no address',
      vmiKind,
      { status: { phase: 'Running', interfaces: [{ name: 'pod', ipAddress: '' }] } },
      /no address yet/,
    ],
    [
      'no SSH',
      vmiKind,
      {
        status: {
          phase: 'Running',
          interfaces: [{ ipAddress: '10.0.0.9' }],
          conditions: [{ type: 'Ready', status: 'False' }],
        },
      },
      /SSH server does not answer yet/,
    ],
  ])('says at the end: %s', async (_what, kind, fields, message) => {
    await put(kind, node, fields)
    await expect(waitForVm(fake.api, sampleNode, wait)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(message) as string,
    })
  })

  const failed = (count: number, retryAfterTimestamp: string) => ({
    status: {
      printableStatus: 'CrashLoopBackOff',
      startFailure: { consecutiveFailCount: count, retryAfterTimestamp },
    },
  })
  it.each([
    ['nothing while it starts', [{ status: { printableStatus: 'Starting' } }], []],
    [
      'each time that KubeVirt puts off the next start, once',
      [
        failed(1, '2026-11-29T18:00:15Z'),
        failed(1, '2026-11-29T18:00:15Z'),
        failed(2, '2026-11-29T18:01:10Z'),
      ],
      [
        'CrashLoopBackOff: its start failed once, KubeVirt starts it again at 2026-11-29T18:00:15Z',
        'CrashLoopBackOff: its start failed 2 times, KubeVirt starts it again at 2026-11-29T18:01:10Z',
      ],
    ],
    [
      'that there is no room',
      [
        {
          status: {
            printableStatus: 'ErrorUnschedulable',
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message: 'too little memory',
              },
            ],
          },
        },
      ],
      ['ErrorUnschedulable: Unschedulable: too little memory'],
    ],
  ] as const)('says meanwhile: %s', async (_what, shown, expected) => {
    const notes: string[] = []
    const ended = new AbortController()
    const waiting = waitForVm(fake.api, sampleNode, {
      ...wait,
      timeoutMs: 10_000,
      signal: ended.signal,
      note: (text) => void notes.push(text),
    }).catch((error: unknown) => error)
    for (const state of shown) await put(vmKind, node, state)
    await expect.poll(() => notes).toEqual(expected.map((text) => `VM "${node}" waits: ${text}`))
    ended.abort(new KnestError('cancelled', 'seen'))
    await waiting
  })

  it('finds what only an event of the pod tells, and not that of another node', async () => {
    const lastTimestamp = new Date().toISOString()
    const event = (name: string, message: string) => ({
      type: 'Warning',
      involvedObject: { kind: 'Pod', name },
      reason: 'FailedMount',
      message,
      lastTimestamp,
    })
    await put(v1('Event'), 'a', event(`virt-launcher-${node}-abcde`, 'secret "x" not found'))
    await put(v1('Event'), 'b', event(`virt-launcher-${node}-1-abcde`, 'other'))
    await expect(waitForVm(fake.api, sampleNode, { ...wait, timeoutMs: 1_500 })).rejects.toThrow(
      'FailedMount: secret "x" not found',
    )
  })

  it('tells how far the disk is', async () => {
    await put(dataVolumeKind, root, { status: { phase: 'ImportInProgress', progress: '42.0%' } })
    const waiting = waitForVm(fake.api, sampleNode, { ...wait, dataVolume: true })
    await expect(waiting).rejects.toThrow('disk is ImportInProgress 42.0%')
  })
})

describe('a persistent node', () => {
  const persistent = { ...sampleNode, persistent: true, storageClass: 'fast' }
  const withCdi = (): KubeApi => ({ ...fake.api, raw: () => Promise.resolve({ status: 200, body: '{}' }) })

  it('has a DataVolume that does not go with the VM, where there is CDI', async () => {
    const vms = backend(withCdi())
    await vms.ensureNode(persistent, signal)
    expect((await get(dataVolumeKind, root))?.spec).toEqual({
      source: { registry: { url: `docker://${sampleNode.vmImage ?? ''}`, pullMethod: 'node' } },
      storage: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '20Gi' } },
      },
    })
    // Nothing makes it again but knest.
    await fake.objects.delete(dataVolumeKind, root, namespace, { signal })
    await fake.objects.delete(vmiKind, node, namespace, { signal })
    expect(await vms.listNodes(sampleNode.cluster, signal)).toMatchObject([
      { phase: 'pending', abandoned: true, reason: `its disk, DataVolume "${root}", is gone` },
    ])
    // One that names the claim, and not the DataVolume, is started as soon as there is a claim, filled or not.
    const seen: boolean[] = []
    fake.objects.onChange(({ kind }, deleted) => {
      if (kind === dataVolumeKind.kind && !deleted)
        void get(vmKind, node).then((vm) => seen.push(vm !== undefined))
    })
    await vms.ensureNode(persistent, signal)
    expect(seen[0]).toBe(false)
    await fake.objects.delete(vmiKind, node, namespace, { signal })
    expect(await vms.listNodes(sampleNode.cluster, signal)).toMatchObject([{ abandoned: false }])
    await vms.deleteNode(sampleNode.cluster, node, { keepData: true, signal })
    expect(await get(vmKind, node)).toBeUndefined()
    expect(await get(dataVolumeKind, root)).toBeDefined()
    await vms.ensureNode(persistent, signal)
    await vms.deleteNode(sampleNode.cluster, node, { keepData: false, signal })
    expect(await get(dataVolumeKind, root)).toBeUndefined()
  })

  /** Ends jobs as a host does whose copy took no time. */
  function endJobs(status: object): { readonly made: KubeObject[] } {
    const made: KubeObject[] = []
    fake.objects.onChange((object, deleted) => {
      if (object.kind !== 'Job' || deleted || object.status !== undefined) return
      made.push(object)
      void fake.objects.patch(
        { apiVersion: 'batch/v1', kind: 'Job' },
        object.metadata.name,
        namespace,
        { status },
        { signal },
      )
    })
    return { made }
  }

  it('is as large as whole bytes can be, since the copy takes no others', async () => {
    const { made } = endJobs({ succeeded: 1 })
    const machine = { ...persistent.machine, rootfsSize: '4.3Gi' }
    await backend().ensureNode({ ...persistent, machine }, signal)
    const [copy] = made[0]?.spec.template.spec.containers as [{ args: string[] }]
    expect(copy.args.join(' ')).toContain('--size 4617089844 --owner')
  })

  it('has a claim that a job fills once, where there is no CDI', async () => {
    const { made } = endJobs({ succeeded: 1 })
    const vms = backend()
    await vms.ensureNode(persistent, signal)
    await vms.ensureNode(persistent, signal)
    expect(made).toHaveLength(1)
    const [copy] = made[0]?.spec.template.spec.containers as [{ image: string; args: string[] }]
    expect(copy.image).toBe(sampleNode.vmImage)
    expect(copy.args.join(' ')).toBe(`--from /disk --to /target/disk.img --size ${20 * 2 ** 30} --owner 107`)
    expect(made[0]?.spec.template.metadata.labels).not.toHaveProperty('knest.dev/cluster')
    expect((await get(v1('PersistentVolumeClaim'), root))?.spec.resources.requests.storage).toBe('21709Mi')
    const volumes = (await get(vmKind, node))?.spec.template.spec.volumes as readonly object[]
    expect(volumes[0]).toEqual({ name: 'root', persistentVolumeClaim: { claimName: root } })
  })

  it('is filled by another job where one that was begun otherwise cannot be changed', async () => {
    endJobs({ succeeded: 1 })
    const jobKind = { apiVersion: 'batch/v1', kind: 'Job' }
    const labels = { 'app.kubernetes.io/managed-by': 'knest', 'knest.dev/cluster': sampleNode.cluster.name }
    await put(jobKind, `${root}-copy`, { metadata: { name: `${root}-copy`, namespace, labels }, status: {} })
    const refusing: KubeApi = {
      ...fake.api,
      apply: async (object, options) => {
        if (object.kind === 'Job' && (await get(jobKind, object.metadata.name)) !== undefined)
          throw new KnestError('config', 'spec.template: field is immutable')
        return fake.api.apply(object, options)
      },
    }
    await backend(refusing).ensureNode(persistent, signal)
    expect((await get(v1('PersistentVolumeClaim'), root))?.metadata.annotations).toMatchObject({
      'knest.dev/populated': 'true',
    })
  })

  it('is nothing that the host starts when its claim is gone, and gets another', async () => {
    const { made } = endJobs({ succeeded: 1 })
    const vms = backend()
    const claimKind = v1('PersistentVolumeClaim')
    await vms.ensureNode(persistent, signal)
    await fake.objects.delete(claimKind, root, namespace, { signal })
    const listed = (): Promise<unknown> => vms.listNodes(sampleNode.cluster, signal)
    // What runs has it in use until it ends.
    expect(await listed()).toMatchObject([{ name: node, phase: 'running', abandoned: false }])
    await fake.objects.delete(vmiKind, node, namespace, { signal })
    expect(await listed()).toMatchObject([
      { phase: 'pending', abandoned: true, reason: `its disk, claim "${root}", is gone` },
    ])
    // KubeVirt starts a VM that is there as soon as its claim is, filled or not.
    const seen: boolean[] = []
    fake.objects.onChange(({ kind }, deleted) => {
      if (kind === claimKind.kind && !deleted)
        void get(vmKind, node).then((vm) => seen.push(vm !== undefined))
    })
    await vms.ensureNode(persistent, signal)
    expect(await get(claimKind, root)).toBeDefined()
    expect(made).toHaveLength(2)
    expect(seen[0]).toBe(false)
    expect(await listed()).toMatchObject([{ phase: 'running', abandoned: false }])
  })

  it('says so while its disk waits for its end to go', async () => {
    endJobs({ succeeded: 1 })
    const vms = backend()
    const claimKind = v1('PersistentVolumeClaim')
    await vms.ensureNode(persistent, signal)
    // As the host protects what is in use.
    const finalizers = ['kubernetes.io/pvc-protection']
    await fake.objects.patch(claimKind, root, namespace, { metadata: { finalizers } }, { signal })
    expect(await vms.listNodes(sampleNode.cluster, signal)).toMatchObject([{ diskGoing: false }])
    await fake.objects.delete(claimKind, root, namespace, { signal })
    expect(await vms.listNodes(sampleNode.cluster, signal)).toMatchObject([
      { phase: 'running', abandoned: false, diskGoing: true },
    ])
  })

  it('is nothing that the host starts when its cloud-init Secret is gone, and gets another', async () => {
    endJobs({ succeeded: 1 })
    const vms = backend()
    const [secretKind, secret] = [v1('Secret'), `${node}-userdata`]
    await vms.ensureNode(persistent, signal)
    await fake.objects.delete(secretKind, secret, namespace, { signal })
    const listed = (): Promise<unknown> => vms.listNodes(sampleNode.cluster, signal)
    expect(await listed()).toMatchObject([{ name: node, phase: 'running', abandoned: false }])
    await fake.objects.delete(vmiKind, node, namespace, { signal })
    expect(await listed()).toMatchObject([
      { phase: 'pending', abandoned: true, reason: `its cloud-init Secret "${secret}" is gone` },
    ])
    const ended = new AbortController()
    const again = vms.ensureNode(persistent, ended.signal).catch(() => undefined)
    await expect.poll(() => get(secretKind, secret)).toBeDefined()
    expect(await listed()).toMatchObject([{ phase: 'pending', abandoned: false }])
    ended.abort(new KnestError('cancelled', 'seen'))
    await again
  })

  it('is listed by its kept disk, and adopted with it', async () => {
    const { made } = endJobs({ succeeded: 1 })
    const vms = backend()
    await vms.ensureNode(persistent, signal)
    await vms.deleteNode(sampleNode.cluster, node, { keepData: true, signal })
    expect(await vms.listNodes(sampleNode.cluster, signal)).toMatchObject([
      {
        name: node,
        role: 'worker',
        phase: 'pending',
        ready: false,
        abandoned: true,
        reason: 'only its disk is kept',
      },
    ])
    await vms.ensureNode(persistent, signal)
    expect(made).toHaveLength(1)
    await vms.deleteNode(sampleNode.cluster, node, { keepData: false, signal })
    expect(await vms.listNodes(sampleNode.cluster, signal)).toEqual([])
  })

  it('says why its disk could not be filled, and begins anew the next time', async () => {
    await put(v1('Pod'), 'copy', {
      metadata: { name: 'copy', namespace, labels: { 'knest.dev/copies-to': root } },
      status: {
        containerStatuses: [{ state: { terminated: { exitCode: 1, message: 'more than the node' } } }],
      },
    })
    const { made } = endJobs({ conditions: [{ type: 'Failed', status: 'True' }] })
    await expect(backend().ensureNode(persistent, signal)).rejects.toThrow(
      /could not be filled: more than the node/,
    )
    await expect(backend().ensureNode(persistent, signal)).rejects.toThrow()
    expect(made).toHaveLength(2)
    expect(await get(vmKind, node)).toBeUndefined()
  })
})

describe('deleting', () => {
  it('says what holds a VMI that KubeVirt does not let go', async () => {
    const finalizers = ['kubevirt.io/virtualMachineControllerFinalize']
    const metadata = { name: node, namespace, finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' }
    const stuck = { ...vmiKind, metadata, status: { phase: 'Failed' } } as KubeObject
    const impatient: KubeApi = {
      ...fake.api,
      waitFor: (_kind, _selector, _done, options) =>
        Promise.reject(
          new KnestError('timeout', `waited for ${options.awaited}; last seen: ${options.describe([stuck])}`),
        ),
    }
    const deleting = deleteVm(impatient, sampleNode.cluster, node, { keepData: false, signal })
    await expect(deleting).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(
        /is being deleted, Failed, with finalizers kubevirt.io\/virtualMachine/,
      ) as string,
      hint: expect.stringContaining('kubectl patch vmi') as string,
    })
  })

  it('is content on a host that has lost KubeVirt', async () => {
    const bare: KubeApi = {
      ...fake.api,
      delete: (kind, ...rest) =>
        kind.apiVersion.includes('kubevirt')
          ? Promise.reject(new KnestError('not-found', 'no kind'))
          : fake.api.delete(kind, ...rest),
      waitFor: (kind, ...rest) =>
        kind.apiVersion.includes('kubevirt')
          ? Promise.reject(new KnestError('not-found', 'no kind'))
          : fake.api.waitFor(kind, ...rest),
    }
    await backend(bare).deleteNode(sampleNode.cluster, node, { keepData: false, signal })
  })
})

describe('preflight', () => {
  const spec: ClusterSpec = {
    ...sampleSpec,
    vmImage: 'registry.example/vm:1',
    controlPlane: { ...sampleSpec.controlPlane, backend: 'vm' },
  }
  const kubeVirt = (configuration: object, phase = 'Deployed') =>
    put(kubeVirtKind, 'kubevirt', { spec: { configuration }, status: { phase } })
  const kvm = (count: string) =>
    put(v1('Node'), 'host-0', { status: { allocatable: { 'devices.kubevirt.io/kvm': count } } })
  const problems = (change: Partial<ClusterSpec> = {}, api: KubeApi = fake.api) =>
    backend(api).preflight({ ...spec, ...change }, signal, sampleNode.cluster)

  // KubeVirt offers a thousand devices a node, which the node writes so.
  it.each(['1k', '110', '1e3'])('finds nothing on a host that is fit, with %s devices', async (devices) => {
    await kubeVirt({})
    await kvm(devices)
    expect(await problems()).toEqual([])
  })

  it('says that there is no KubeVirt, and nothing else', async () => {
    expect(await problems()).toMatchObject([
      { severity: 'error', hint: expect.stringContaining('knest host install kubevirt') as string },
    ])
  })

  it.each<[string, object, string, string, RegExp]>([
    ['KubeVirt is not ready', {}, 'Deploying', '110', /its phase is Deploying/],
    [
      'bridges are forbidden',
      { network: { permitBridgeInterfaceOnPodNetwork: false } },
      'Deployed',
      '110',
      /forbids bridged VMs/,
    ],
    ['neither KVM nor emulation', {}, 'Deployed', '0', /no node of the host has KVM/],
  ])('%s', async (_what, configuration, phase, devices, message) => {
    await kubeVirt(configuration, phase)
    await kvm(devices)
    const found = await problems()
    expect(found).toMatchObject([{ severity: 'error', message: expect.stringMatching(message) as string }])
  })

  it('warns of emulation', async () => {
    await kubeVirt({ developerConfiguration: { useEmulation: true } })
    await kvm('0')
    expect(await problems()).toMatchObject([{ severity: 'warning' }])
  })

  it('refuses masquerade with the reason, and passes on what the host does not admit', async () => {
    await kubeVirt({})
    await kvm('110')
    const interfaces = [{ name: 'pod', masquerade: {} }]
    const patch = { spec: { template: { spec: { domain: { devices: { interfaces } } } } } }
    expect(await problems({ hostPatches: [{ patch }] })).toMatchObject([
      {
        message: expect.stringContaining('masquerade') as string,
        hint: expect.stringContaining('same address') as string,
      },
    ])
    const strict: KubeApi = {
      ...fake.api,
      create: () => Promise.reject(new KnestError('config', 'quota exceeded')),
    }
    expect(await problems({}, strict)).toMatchObject([
      { message: expect.stringContaining('quota exceeded') as string },
    ])
  })

  it('names a missing VM image, and the missing helper where claims must be filled', async () => {
    await kubeVirt({})
    await kvm('110')
    await put({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }, 'fast')
    const persistence = { enabled: true, storageClass: 'fast' }
    const found = await problems({ vmImage: 'localhost/knest/vm:v1', persistence })
    expect(found.map(({ message }) => message)).toEqual([
      'no node of the host has the image "localhost/knest/vm:v1"',
      expect.stringMatching(/localhost\/knest\/node.*fills the disks of persistent VMs/),
    ])
  })
})

describe('an object of somebody else under a name of a VM node', () => {
  const claim = v1('PersistentVolumeClaim')
  const job = { apiVersion: 'batch/v1', kind: 'Job' }
  const spec: ClusterSpec = {
    ...sampleSpec,
    vmImage: 'registry.example/vm:1',
    workers: sampleSpec.workers.map((pool) => ({ ...pool, backend: 'vm' })),
    persistence: { enabled: true, storageClass: 'fast' },
  }

  it.each<[{ apiVersion: string; kind: string }, string, Partial<NodeSpec>]>([
    [v1('Secret'), 'demo-ssh', {}],
    [v1('Secret'), `${node}-userdata`, {}],
    [vmKind, node, {}],
    [claim, root, { persistent: true, storageClass: 'fast' }],
    [job, `${node}-root-copy`, { persistent: true, storageClass: 'fast' }],
  ])(
    '$kind %s: named before, and unchanged by a node that is made and one that goes',
    async (kind, name, change) => {
      await put(kubeVirtKind, 'kubevirt', { spec: { configuration: {} }, status: { phase: 'Deployed' } })
      await put(kind, name, { spec: { mine: true }, data: { mine: 'eQ==' } })
      const before = await get(kind, name)
      const found = await backend().preflight(spec, signal, sampleNode.cluster)
      expect(found.map(({ message }) => message)).toContain(
        `namespace "${namespace}" has ${kind.kind} "${name}" already, and knest did not make it`,
      )
      const refusal = {
        code: 'already-exists',
        message: expect.stringContaining(`${kind.kind} "${name}"`) as string,
      }
      await expect(backend().ensureNode({ ...sampleNode, ...change }, signal)).rejects.toMatchObject(refusal)
      await backend().deleteNode(sampleNode.cluster, node, { keepData: false, signal })
      expect(await get(kind, name)).toEqual(before)
    },
  )
})
