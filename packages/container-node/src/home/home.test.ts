import { describe, expect, it } from 'vitest'
import { renderKubeconfig, type CertificateAuthorities } from '@knest/core'
import { createEngine } from '../engine/engine.js'
import { createFakeEngine, type FakeEngine } from '../engine/fake-engine.js'
import { createContainerHome } from './home.js'
import { decodeLabel, encodeLabel, newRecordLabel } from './record.js'
import { hostSpec } from '../host/spec.js'

const { signal } = new AbortController()
const ref = { name: 'a', namespace: 'embedded' }

const spec = hostSpec(undefined, [])

function authorities(text: string): CertificateAuthorities {
  const pair = { cert: `${text} cert`, key: `${text} key` }
  return { ca: pair, frontProxyCa: pair, etcdCa: pair, serviceAccount: pair }
}

// e2e runs the contract suite of packages/testing on a real engine; this is its short form.
describe('the record of a host', () => {
  const setUp = () => createContainerHome(createEngine('podman', createFakeEngine(), true))

  it('remembers the spec exactly, and that creation has begun', async () => {
    const home = setUp()
    expect(await home.read(ref, signal)).toBeUndefined()
    expect(await home.readAuthorities(ref, signal)).toBeUndefined()
    expect(await home.create(ref, spec, signal)).toMatchObject({ ...ref, spec, phase: 'Creating' })
    expect(await home.read(ref, signal)).toMatchObject({ ...ref, spec, phase: 'Creating' })
    expect((await home.list(undefined, signal)).map(({ name }) => name)).toEqual(['a'])
    expect(await home.list('other', signal)).toEqual([])
    expect(await home.read({ ...ref, namespace: 'other' }, signal)).toBeUndefined()
    await expect(home.create(ref, spec, signal)).rejects.toMatchObject({ code: 'already-exists' })
  })

  it('has a range of its own, also beside one that is begun at the same time', async () => {
    const fake = createFakeEngine()
    const names = ['a', 'b', 'c']
    await Promise.all(
      names.map((name) =>
        createContainerHome(createEngine('podman', fake, true)).create({ ...ref, name }, spec, signal),
      ),
    )
    const ranges = names.map((name) => {
      const label = fake.volumes.get(`${name}-home`)?.['knest.dev/record']
      return decodeLabel(label)?.subnet
    })
    expect(new Set(ranges).size).toBe(3)
    expect(ranges).not.toContain(undefined)
  })

  it('refuses an update by somebody who has not seen the last one', async () => {
    const home = setUp()
    const seen = await home.create(ref, spec, signal)
    const changed = { ...spec, controlPlane: { ...spec.controlPlane, count: 3 } }
    expect((await home.update(seen, changed, signal)).spec.controlPlane.count).toBe(3)
    expect((await home.read(ref, signal))?.spec.controlPlane.count).toBe(3)
    await expect(home.update(seen, spec, signal)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('keeps phase and conditions, and the first certificate authorities', async () => {
    const home = setUp()
    const record = await home.create(ref, spec, signal)
    const time = '2026-01-01T00:00:00Z'
    const conditions = [
      { type: 'Ready', status: 'True' as const, reason: 'Test', message: 'fine', lastTransitionTime: time },
    ]
    await home.setStatus(ref, { phase: 'Ready', conditions }, signal)
    expect(await home.read(ref, signal)).toMatchObject({ phase: 'Ready', conditions })
    await home.saveAuthorities(record, authorities('first'), signal)
    expect(await home.saveAuthorities(record, authorities('second'), signal)).toEqual(authorities('first'))
    expect(await home.readAuthorities(ref, signal)).toEqual(authorities('first'))
  })

  it('never travels in arguments but for the spec', async () => {
    const fake = createFakeEngine()
    const home = createContainerHome(createEngine('podman', fake, true))
    const record = await home.create(ref, spec, signal)
    await home.saveAuthorities(record, authorities('SECRET'), signal)
    expect(fake.files.get('a-home/authorities.json')).toContain('SECRET')
    expect(JSON.stringify(fake.calls)).not.toContain('SECRET')
  })

  it('is removed with containers, disks and network, and with nobody else’s', async () => {
    const fake = createFakeEngine()
    const home = createContainerHome(createEngine('podman', fake, true))
    const record = await home.create(ref, spec, signal)
    await home.ensureAddresses(record, ['a-cp-0'], signal)
    fake.volumes.set('a-cp-0-disk', { 'knest.dev/cluster': 'a' })
    fake.volumes.set('other', {})
    fake.networks.set('other', { subnet: '10.9.0.0/24', labels: {} })
    await home.remove(ref, { keepData: false, signal })
    await home.remove(ref, { keepData: false, signal })
    expect([...fake.volumes.keys(), ...fake.networks.keys(), ...fake.containers.keys()]).toEqual([
      'other',
      'other',
    ])
    expect(await home.read(ref, signal)).toBeUndefined()
  })
})

describe('the addresses of a host', () => {
  const setUp = (fake: FakeEngine = createFakeEngine()) => ({
    fake,
    home: createContainerHome(createEngine('podman', fake, true)),
  })

  it('are those of the network, the same each time', async () => {
    const { home } = setUp()
    const record = await home.create(ref, spec, signal)
    const first = await home.ensureAddresses(record, ['a-cp-0', 'a-cp-1'], signal)
    const [ip0 = '', ip1 = ''] = first.identities.values()
    expect(ip0).toMatch(/^10\.199\.\d+\.10$/)
    expect(ip1).toBe(ip0.replace(/10$/, '11'))
    expect(first.controlPlaneEndpoint).toBe('a-api.embedded.svc:6443')
    expect(first.hosts).toEqual([ip0, ip1].map((ip) => ({ ip, name: 'a-api.embedded.svc' })))
    expect((await home.ensureAddresses(record, ['a-cp-0', 'a-cp-1'], signal)).identities).toEqual(
      first.identities,
    )
    expect(await home.apiUrls(record, signal)).toEqual([`https://${ip0}:6443`])
  })

  it('never come from a network somebody else made', async () => {
    const { fake, home } = setUp()
    const record = await home.create(ref, spec, signal)
    fake.networks.set('a', { subnet: '10.9.0.0/24', labels: {} })
    await expect(home.ensureAddresses(record, ['a-cp-0'], signal)).rejects.toMatchObject({
      code: 'already-exists',
    })
  })

  it('stay out of other networks of the engine', async () => {
    const { fake, home } = setUp()
    fake.networks.set('other', { subnet: '10.199.0.0/17', labels: {} })
    const record = await home.create(ref, spec, signal)
    const { identities } = await home.ensureAddresses(record, ['a-cp-0'], signal)
    expect(identities.get('a-cp-0')).toMatch(/^10\.199\.1[2-9]\d\.10$/)
  })

  describe('whose network is gone', () => {
    const server = (ip: string): string =>
      renderKubeconfig({
        name: 'a',
        server: `https://${ip}:6443`,
        tlsServerName: 'x',
        ca: 'CA',
        clientCert: 'CERT',
        clientKey: 'KEY',
      })
    const made = async (ip: string, isOld: boolean) => {
      const { fake } = setUp()
      const engine = createEngine('podman', fake, true)
      // No range that this machine may have chosen for a host.
      const record = await createContainerHome(engine, { subnet: '198.19.1.0/24' }).create(ref, spec, signal)
      const home = createContainerHome(engine)
      if (isOld) {
        // As earlier versions wrote it.
        const { subnet, ...before } = newRecordLabel(ref, spec, new Date())
        expect(subnet).toBeUndefined()
        fake.volumes.set('a-home', { ...fake.volumes.get('a-home'), 'knest.dev/record': encodeLabel(before) })
      }
      await home.saveKubeconfig(record, server(ip), signal)
      return { fake, home, record }
    }
    const address = '198.19.1.10'

    it.each([
      ['of this version', false, address, address],
      ['of an earlier version', true, '198.19.7.10', '198.19.7.10'],
      ['of an earlier version, not created completely', true, 'damaged', expect.stringMatching(/\.10$/)],
    ])('are the ones before, by a record %s', async (_, isOld, ip, expected) => {
      const { home, record } = await made(ip, isOld)
      const { identities } = await home.ensureAddresses(record, ['a-cp-0'], signal)
      expect(identities.get('a-cp-0')).toEqual(expected)
    })

    it.each([false, true])('are refused at once when their range is used (old record: %s)', async (isOld) => {
      const { fake, home, record } = await made(address, isOld)
      fake.networks.set('shop', { subnet: '198.19.0.0/16', labels: {} })
      await expect(home.ensureAddresses(record, ['a-cp-0'], signal)).rejects.toMatchObject({
        code: 'prerequisite',
        message: `the network of "a" was 198.19.1.0/24, which podman network "shop" uses now (198.19.0.0/16)`,
        hint: expect.stringContaining('make it free and run the command again') as string,
      })
      expect([...fake.networks.keys()]).toEqual(['shop'])
      fake.networks.clear()
      const { identities } = await home.ensureAddresses(record, ['a-cp-0'], signal)
      expect(identities.get('a-cp-0')).toBe(address)
    })
  })

  it('are in the range that an interrupted removal of the same name has left', async () => {
    const { fake, home } = setUp()
    fake.networks.set('a', { subnet: '198.19.4.0/24', labels: { 'knest.dev/cluster': 'a' } })
    const record = await home.create(ref, spec, signal)
    fake.networks.clear()
    const { identities } = await home.ensureAddresses(record, ['a-cp-0'], signal)
    expect(identities.get('a-cp-0')).toBe('198.19.4.10')
  })
})
