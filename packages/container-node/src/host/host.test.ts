import { beforeEach, describe, expect, it } from 'vitest'
import { KnestError, renderKubeconfig, silentProgress } from '@knest/core'
import { createEngine } from '../engine/engine.js'
import { createFakeEngine, type FakeEngine } from '../engine/fake-engine.js'
import { createContainerHome } from '../home/home.js'
import { createHostControl } from './control.js'
import { importedNames } from './images.js'
import { parseAccess } from '../home/access.js'
import { hostKubeconfig } from './kubeconfig.js'
import { hostContext, hostRef, hostSpec } from './spec.js'
import type { HostControl, HostRanges } from './types.js'

const { signal } = new AbortController()
const run = { signal, progress: silentProgress, timeoutMs: 10_000 }
const target = { name: 'knest-host' }

let fake: FakeEngine
let control: HostControl
beforeEach(() => {
  fake = createFakeEngine()
  control = createHostControl({
    engines: [createEngine('podman', fake, true, {}), createEngine('docker', fake, true, {})],
  })
})

async function createRecord(): Promise<void> {
  const home = createContainerHome(createEngine('podman', fake, true))
  await home.create(hostRef('knest-host'), hostSpec(undefined, []), signal)
}

function addContainer(state: string): void {
  const labels = {
    'knest.dev/cluster': 'knest-host',
    'knest.dev/namespace': 'embedded',
    'knest.dev/node': 'knest-host-cp-0',
  }
  fake.containers.set('knest-host-cp-0', {
    state,
    image: 'localhost/knest/node:v1.35.4',
    labels,
    ip: '127.0.0.1',
  })
}

describe('host commands without a host', () => {
  it('say not-found', async () => {
    await expect(control.status(target, signal)).rejects.toMatchObject({ code: 'not-found' })
    await expect(control.load(target, ['a'], run)).rejects.toMatchObject({ code: 'not-found' })
    await expect(control.down(target, run)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('name both engines when none works', async () => {
    fake.intercept = () => ({ exitCode: 125, stderr: 'Error: cannot open storage' })
    const failing = control.status(target, signal)
    await expect(failing).rejects.toMatchObject({ code: 'prerequisite' })
    await expect(failing).rejects.toThrow(/podman does not work.*"docker" is not installed/)
  })

  it('refuse to come up without the image, having made nothing', async () => {
    const failing = control.up({ ...target, image: 'localhost/other:1' }, run)
    await expect(failing).rejects.toMatchObject({
      code: 'prerequisite',
      message: expect.stringContaining('no image "localhost/other:1"') as string,
    })
    expect([...fake.volumes.keys(), ...fake.networks.keys(), ...fake.containers.keys()]).toEqual([])
  })
})

describe('what somebody else has under a name that the host would use', () => {
  const labels = { mine: 'yes' }
  const container = { state: 'exited', image: 'mine:1', labels, ip: '' }
  const network = { subnet: '10.9.0.0/24', labels }

  it.each<readonly [string, string, () => unknown]>([
    ['container', 'knest-host-cp-0', () => fake.containers.set('knest-host-cp-0', container)],
    ['network', 'knest-host', () => fake.networks.set('knest-host', network)],
    ['volume', 'knest-host-home', () => fake.volumes.set('knest-host-home', labels)],
    ['volume', 'knest-host-cp-0-disk', () => fake.volumes.set('knest-host-cp-0-disk', labels)],
  ])('%s "%s": up names it and makes nothing, and it outlives down', async (kind, name, make) => {
    make()
    const all = (): unknown => structuredClone([fake.containers, fake.networks, fake.volumes])
    const before = all()
    await expect(control.up(target, run)).rejects.toMatchObject({
      code: 'prerequisite',
      problems: expect.arrayContaining([
        expect.objectContaining({
          severity: 'error',
          message: `podman has ${kind} "${name}" already, and it is not of a cluster "knest-host"`,
        }),
      ]) as unknown,
    })
    expect(all()).toEqual(before)
    await expect(control.down(target, run)).rejects.toMatchObject({ code: 'not-found' })
    expect(all()).toEqual(before)
  })

  it('all of them are named at once', async () => {
    fake.containers.set('knest-host-cp-0', container)
    fake.networks.set('knest-host', network)
    fake.volumes.set('knest-host-home', labels).set('knest-host-cp-0-disk', labels)
    const problems = [
      'container "knest-host-cp-0"',
      'network "knest-host"',
      'volume "knest-host-home"',
      'volume "knest-host-cp-0-disk"',
    ].map((what) => ({ message: `podman has ${what} already, and it is not of a cluster "knest-host"` }))
    await expect(control.up(target, run)).rejects.toMatchObject({ problems })
  })
})

describe('the status of a host', () => {
  it.each([
    ['exited', 'stopped', /start it/],
    ['running', 'starting', /not created completely/],
  ] as const)('with its container %s is %s', async (state, phase, reason) => {
    await createRecord()
    addContainer(state)
    expect(await control.status(target, signal)).toMatchObject({
      name: 'knest-host',
      engine: 'podman',
      phase,
      kubernetesVersion: '1.35.4',
      context: 'knest-host',
      reason: expect.stringMatching(reason) as string,
    })
  })

  it('without its container tells that the data is there', async () => {
    await createRecord()
    fake.volumes.set('knest-host-cp-0-disk', {})
    expect(await control.status(target, signal)).toMatchObject({
      phase: 'failed',
      reason: expect.stringContaining('with its data') as string,
    })
  })

  it.each([
    [
      'Ready',
      'failed',
      /^its container and its disk are gone, and all data.*`knest host down` && `knest host up`/,
    ],
    ['Creating', 'starting', /^it is not created completely; go on: `knest host up`/],
  ] as const)('without its container and its disk, %s before, is %s', async (before, phase, reason) => {
    await createRecord()
    const home = createContainerHome(createEngine('podman', fake, true))
    await home.setStatus(hostRef('knest-host'), { phase: before, conditions: [] }, signal)
    expect(await control.status(target, signal)).toMatchObject({
      phase,
      reason: expect.stringMatching(reason) as string,
    })
  })

  it.each([[{}], [undefined]])('half removed, without its container, says so (disk: %o)', async (disk) => {
    await createRecord()
    const home = createContainerHome(createEngine('podman', fake, true))
    await home.setStatus(hostRef('knest-host'), { phase: 'Deleting', conditions: [] }, signal)
    if (disk !== undefined) fake.volumes.set('knest-host-cp-0-disk', disk)
    expect(await control.status(target, signal)).toMatchObject({
      phase: 'failed',
      reason: 'it is half removed; finish it: `knest host down`',
    })
    await expect(control.up(target, run)).rejects.toMatchObject({
      code: 'conflict',
      hint: 'finish it: `knest host down`',
    })
  })

  it('without its container and with a record that nobody can read offers what helps', async () => {
    await createRecord()
    fake.volumes.set('knest-host-home', { ...fake.volumes.get('knest-host-home'), 'knest.dev/record': '?' })
    fake.volumes.set('knest-host-cp-0-disk', {})
    expect(await control.status(target, signal)).toMatchObject({
      phase: 'failed',
      reason: 'its record is gone or damaged; remove the rest: `knest host down`',
    })
    await expect(control.up(target, run)).rejects.toMatchObject({
      code: 'conflict',
      hint: 'remove it with all in it: `knest host down`',
    })
  })

  it('without its container, its disk and its image is no error', async () => {
    await createRecord()
    const missing = 'Error: localhost/knest/node:v1.35.4: image not known'
    fake.intercept = (args) => (args.includes('run') ? { exitCode: 125, stderr: missing } : undefined)
    expect(await control.status(target, signal)).toMatchObject({
      phase: 'failed',
      reason: expect.stringContaining('`knest host down` && `knest host up`') as string,
    })
  })

  it('without its disk: up says so, and begins nothing anew where data was', async () => {
    await createRecord()
    const home = createContainerHome(createEngine('podman', fake, true))
    await home.setStatus(hostRef('knest-host'), { phase: 'Ready', conditions: [] }, signal)
    await expect(control.up(target, run)).rejects.toMatchObject({
      code: 'conflict',
      message:
        'host "knest-host" cannot come up: its container and its disk are gone, and all data with them',
      hint: 'make it anew: `knest host down` && `knest host up`',
    })
    expect(fake.containers.size).toBe(0)
    expect(fake.volumes.has('knest-host-cp-0-disk')).toBe(false)
  })

  it.each(['running', 'exited'] as const)(
    'that is %s on a full disk says so, and up at once too',
    async (state) => {
      await createRecord()
      addContainer(state)
      const container = fake.containers.get('knest-host-cp-0')
      if (container !== undefined) container.ip = '127.0.0.77'
      const kubeconfig = renderKubeconfig({
        name: 'knest-host',
        server: 'https://127.0.0.77:6443',
        tlsServerName: 'x',
        ca: 'CA',
        clientCert: 'CERT',
        clientKey: 'KEY',
      })
      fake.files.set('knest-host-home/kubeconfig', kubeconfig)
      fake.files.set('knest-host-home/status.json', JSON.stringify({ phase: 'Ready', conditions: [] }))
      fake.intercept = (args) =>
        args.at(-1)?.includes('df ') === true ? { stdout: 'disk 3221225472 0' } : undefined
      const full = 'the disk on which podman keeps it is full: 0 MiB of 3072 MiB are left, and it takes 64'
      if (state === 'running')
        expect(await control.status(target, signal)).toMatchObject({
          phase: 'failed',
          reason: `${full}; remove files, images or volumes that nobody needs (see: podman system df), then \`knest host up\``,
        })
      await expect(control.up(target, run)).rejects.toMatchObject({
        code: 'prerequisite',
        message: `host "knest-host" cannot come up: ${full}`,
      })
    },
  )

  it('without its record tells how to remove the rest', async () => {
    addContainer('running')
    expect(await control.status(target, signal)).toMatchObject({
      phase: 'failed',
      reason: expect.stringContaining('knest host down') as string,
    })
  })
})

describe('a host whose record a power cut has damaged', () => {
  const damages = ['spec.json', 'status.json', 'authorities.json', 'kubeconfig'].flatMap((file) =>
    ['', '{"phase":', 'null', '\0\0\0'].map((content) => [file, content] as const),
  )
  const damage = async (file: string, content: string): Promise<void> => {
    await createRecord()
    addContainer('running')
    fake.files.set(`knest-host-home/${file}`, content)
  }

  it.each(damages)('%s is %j: status tells it, down removes everything', async (file, content) => {
    await damage(file, content)
    expect(await control.status(target, signal)).toMatchObject({
      phase: 'failed',
      kubernetesVersion: '1.35.4',
      reason: `its record is damaged (${file}); mend it: \`knest host up\``,
    })
    expect(await control.kubeconfig(target, signal)).toBeUndefined()
    await control.down(target, run)
    expect([...fake.volumes.keys(), ...fake.containers.keys()]).toEqual([])
  })

  it.each(damages)('%s is %j: up warns and goes on', async (file, content) => {
    await damage(file, content)
    const warnings: string[] = []
    const seen = new AbortController()
    // The fake has no API server to go on to.
    const warn = (text: string): void => {
      warnings.push(text)
      if (text.includes('is damaged')) seen.abort(new KnestError('cancelled', 'seen'))
    }
    const progress = { ...silentProgress, warn }
    await expect(control.up(target, { ...run, progress, signal: seen.signal })).rejects.toThrow()
    expect(warnings).toContainEqual(`the record of host "knest-host" is damaged (${file}) and is made again`)
  })

  it('its label: status and up name the way out, down goes it', async () => {
    addContainer('exited')
    fake.volumes.set('knest-host-home', {
      'knest.dev/cluster': 'knest-host',
      'knest.dev/namespace': 'embedded',
      'knest.dev/record': 'eyJuYW1l',
    })
    for (const containers of [1, 0]) {
      if (containers === 0) fake.containers.clear()
      expect(await control.status(target, signal)).toMatchObject({ phase: 'failed' })
      await expect(control.up(target, run)).rejects.toMatchObject({
        code: 'conflict',
        hint: 'remove it with all in it: `knest host down`',
      })
    }
    await control.down(target, run)
    expect([...fake.volumes.keys(), ...fake.containers.keys()]).toEqual([])
  })
})

describe('a command in a hint is about the host that it is said of', () => {
  const second = { name: 'second', engine: 'podman' } as const

  it.each(['load', 'down', 'status'] as const)('%s of one that is not there', async (verb) => {
    const tried = {
      load: () => control.load(second, ['a:1'], run),
      down: () => control.down(second, run),
      status: () => control.status(second, signal),
    }
    await expect(tried[verb]()).rejects.toMatchObject({
      code: 'not-found',
      hint: 'make it: `knest host up --name second --engine podman`',
    })
  })

  it('the usual one needs no flag', async () => {
    await expect(control.status(target, signal)).rejects.toMatchObject({ hint: 'make it: `knest host up`' })
  })
})

describe('host load and down', () => {
  it('load refuses a host that does not run, and names an unknown image first', async () => {
    await createRecord()
    addContainer('exited')
    await expect(control.load(target, ['nope:1'], run)).rejects.toThrow('podman has no image "nope:1"')
    await expect(control.load(target, ['localhost/knest/node:v1.35.4'], run)).rejects.toMatchObject({
      code: 'prerequisite',
    })
  })

  it('down removes everything, also what lost its record', async () => {
    await createRecord()
    addContainer('exited')
    await control.down(target, run)
    expect([...fake.volumes.keys(), ...fake.containers.keys()]).toEqual([])
    addContainer('running')
    await control.down(target, run)
    expect(fake.containers.size).toBe(0)
  })
})

describe('the ranges of a host', () => {
  const wide = { ...target, ranges: { subnet: '198.19.7.0/24', podNetworkCidr: '10.50.0.0/16' } }

  it('are kept for what goes on with it, and given to the engine', async () => {
    const engine = createEngine('podman', fake, true, {})
    const ref = hostRef('knest-host')
    const spec = hostSpec(undefined, [], wide.ranges)
    await createContainerHome(engine, { subnet: wide.ranges.subnet }).create(ref, spec, signal)
    // Another command, which was given nothing.
    const home = createContainerHome(engine)
    const record = await home.read(ref, signal)
    if (record === undefined) throw new Error('there is no record')
    expect(record.spec.network.podNetworkCidr).toEqual(['10.50.0.0/16'])
    const { identities } = await home.ensureAddresses(record, ['knest-host-cp-0'], signal)
    expect(identities.get('knest-host-cp-0')).toBe('198.19.7.10')
    expect(fake.networks.get('knest-host')?.subnet).toBe('198.19.7.0/24')
  })

  it.each<[HostRanges, RegExp]>([
    [{ podNetworkCidr: '10.50.0.0/16' }, /has --pod-network-cidr 10\.244\.0\.0\/16, and/],
    [{ serviceCidr: '10.60.0.0/16' }, /has --service-cidr 10\.96\.0\.0\/12/],
    [{ subnet: '10.199.7.0/24', podNetworkCidr: '10.244.0.0/16' }, /has --subnet 10\.199\.0\.0\/24, and/],
  ])('that is there are not changed by %j, nor is it touched', async (ranges, fault) => {
    await createRecord()
    addContainer('running')
    fake.networks.set('knest-host', {
      subnet: '10.199.0.0/24',
      labels: { 'knest.dev/cluster': 'knest-host' },
    })
    fake.calls.splice(0)
    const failing = control.up({ ...target, ranges }, run)
    await expect(failing).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(fault) as string,
    })
    expect(fake.calls.filter(([first, second]) => first !== 'info' && second !== 'inspect')).toEqual([])
  })

  it('that cannot be are refused before anything is made', async () => {
    const up = (ranges: HostRanges) => control.up({ ...target, ranges }, run)
    await expect(up({ subnet: '10.199.7.0/25' })).rejects.toThrow(/subnet "10\.199\.7\.0\/25" is too small/)
    await expect(up({ podNetworkCidr: '10.50.0.0' })).rejects.toMatchObject({ code: 'config' })
    expect([...fake.volumes.keys(), ...fake.networks.keys(), ...fake.containers.keys()]).toEqual([])
  })
})

describe('the wish for a host', () => {
  it('is one untainted control plane with ranges that nested clusters do not get', () => {
    const spec = hostSpec(undefined, [])
    expect(spec).toMatchObject({
      image: 'localhost/knest/node:v1.35.4',
      controlPlane: { count: 1, backend: 'container' },
      network: { podNetworkCidr: ['10.244.0.0/16'], serviceCidr: ['10.96.0.0/12'], vxlanPort: 8472 },
      persistence: { enabled: true },
    })
    expect(spec.workers.reduce((sum, { count }) => sum + count, 0)).toBe(0)
  })

  it('takes other ranges where the machine has routes, and the version of the image', () => {
    const spec = hostSpec('localhost/knest/node:v1.34.2', [{ cidr: '10.0.0.0/8', usedBy: 'vpn' }])
    expect(spec.kubernetesVersion).toBe('1.34.2')
    expect(spec.network).toMatchObject({ podNetworkCidr: ['172.24.0.0/16'], serviceCidr: ['172.25.0.0/16'] })
  })

  it.each<[HostRanges, string[], string, string]>([
    [{}, ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], '100.75.0.0/16', '100.76.0.0/16'],
    [{ podNetworkCidr: '10.50.0.0/16' }, [], '10.50.0.0/16', '10.96.0.0/12'],
    [{ serviceCidr: '10.244.0.0/16' }, [], '172.24.0.0/16', '10.244.0.0/16'],
    [{ podNetworkCidr: '10.100.0.0/16' }, [], '10.100.0.0/16', '172.25.0.0/16'],
    [{ subnet: '10.96.3.0/24' }, [], '10.244.0.0/16', '172.25.0.0/16'],
  ])('makes room for %j beside %j: %s, %s', (ranges, routes, pods, services) => {
    const occupied = routes.map((cidr) => ({ cidr, usedBy: 'vpn' }))
    expect(hostSpec(undefined, occupied, ranges).network).toMatchObject({
      podNetworkCidr: [pods],
      serviceCidr: [services],
    })
  })
})

describe('names', () => {
  it.each([
    ['knest-host', 'knest-host'],
    ['dev', 'knest-dev'],
  ])('the context of host %s is %s', (name, context) => {
    expect(hostContext(name)).toBe(context)
    const text = renderKubeconfig({
      name,
      server: 'https://10.0.0.1:6443',
      tlsServerName: 'x',
      ca: 'CA',
      clientCert: 'CERT',
      clientKey: 'KEY',
    })
    const renamed = hostKubeconfig(text, name)
    expect(renamed).toContain(`current-context: ${context}\n`)
    expect(renamed).not.toContain('knest-knest')
    expect(parseAccess(renamed)).toEqual({
      server: 'https://10.0.0.1:6443',
      serverName: 'x',
      ca: 'CA',
      cert: 'CERT',
      key: 'KEY',
    })
  })

  it('of imported images are those containerd tells', () => {
    expect(importedNames('unpacking localhost/a:1 (sha256:1)...done\n', 'a:1')).toEqual(['localhost/a:1'])
    expect(importedNames('', 'a:1')).toEqual(['docker.io/library/a:1'])
  })
})
