import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderKubeconfig } from '@knest/core'
import type { CertificateAuthorities, ClusterHome, ClusterRef, ClusterSpec } from '@knest/core'

export interface ClusterHomeSubject {
  readonly home: ClusterHome
  /** A cluster name and namespace that are free. */
  readonly ref: ClusterRef
  readonly spec: ClusterSpec
  cleanUp(): Promise<void>
}

function authorities(text: string): CertificateAuthorities {
  const pair = { cert: `${text} cert`, key: `${text} key` }
  return { ca: pair, frontProxyCa: pair, etcdCa: pair, serviceAccount: pair }
}

/** What every ClusterHome promises: the tests are one story and run in order. */
export function describeClusterHome(title: string, setUp: () => Promise<ClusterHomeSubject>): void {
  describe(`${title} as a ClusterHome`, () => {
    let subject: ClusterHomeSubject
    const signal = new AbortController().signal

    beforeAll(async () => {
      subject = await setUp()
    }, 120_000)
    afterAll(() => subject.cleanUp(), 120_000)

    it('knows nothing of a cluster before it is created', async () => {
      const { home, ref } = subject
      expect(await home.read(ref, signal)).toBeUndefined()
      expect(await home.readAuthorities(ref, signal)).toBeUndefined()
    })

    it('remembers the spec exactly, and that creation has begun', async () => {
      const { home, ref, spec } = subject
      const record = await home.create(ref, spec, signal)
      expect(record).toMatchObject({ ...ref, phase: 'Creating' })
      expect((await home.read(ref, signal))?.spec).toEqual(spec)
      expect((await home.list(ref.namespace, signal)).map(({ name }) => name)).toContain(ref.name)
    })

    it('refuses a second cluster of the same name', async () => {
      const { home, ref, spec } = subject
      await expect(home.create(ref, spec, signal)).rejects.toMatchObject({ code: 'already-exists' })
    })

    it('refuses an update by somebody who has not seen the last one', async () => {
      const { home, ref, spec } = subject
      const seen = await home.read(ref, signal)
      if (seen === undefined) throw new Error('no record')
      const changed = { ...spec, controlPlane: { ...spec.controlPlane, count: 3 } }
      expect((await home.update(seen, changed, signal)).spec.controlPlane.count).toBe(3)
      await expect(home.update(seen, spec, signal)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('has nothing to update when there is no record', async () => {
      const { home, ref, spec } = subject
      const seen = await home.read(ref, signal)
      if (seen === undefined) throw new Error('no record')
      const gone = { ...seen, name: `${ref.name}-gone` }
      await expect(home.update(gone, spec, signal)).rejects.toMatchObject({ code: 'not-found' })
    })

    it('keeps what a cluster is made by apart from what its object asks for', async (context) => {
      const { home, ref, spec } = subject
      if (home.accept === undefined) return context.skip('no controller looks after clusters of this home')
      const asked = await home.read(ref, signal)
      if (asked === undefined) throw new Error('no record')
      expect(asked.desiredSpec).toBeUndefined()
      await home.accept(asked, spec, signal)
      await expect(home.accept(asked, spec, signal)).rejects.toMatchObject({ code: 'conflict' })
      const record = await home.read(ref, signal)
      expect(record).toMatchObject({ spec, desiredSpec: asked.spec })
      if (record === undefined) throw new Error('no record')
      const changed = { ...spec, controlPlane: { ...spec.controlPlane, count: 5 } }
      expect(await home.update(record, changed, signal)).toMatchObject({
        spec: changed,
        desiredSpec: changed,
      })
    })

    it('keeps phase and conditions', async () => {
      const { home, ref } = subject
      const conditions = [
        {
          type: 'Ready',
          status: 'True' as const,
          reason: 'Test',
          message: 'fine',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ]
      await home.setStatus(ref, { phase: 'Ready', conditions }, signal)
      expect(await home.read(ref, signal)).toMatchObject({ phase: 'Ready', conditions })
    })

    it('keeps what was loaded, also when other things of the status are said', async (context) => {
      const { home, ref } = subject
      const images = [
        { name: 'docker.io/library/app:dev', digest: 'sha256:1', id: '1' },
        { name: 'localhost/tool:1', digest: 'sha256:2', pools: ['gpu'], nodes: ['q-worker-0'] },
      ]
      await home.setStatus(ref, { phase: 'Ready', conditions: [], images }, signal)
      const kept = (await home.read(ref, signal))?.images
      if (kept === undefined) return context.skip('images are not loaded into clusters of this home')
      await home.setStatus(ref, { phase: 'Ready', conditions: [] }, signal)
      expect((await home.read(ref, signal))?.images).toEqual(images)
      await home.setStatus(ref, { phase: 'Ready', conditions: [], images: [] }, signal)
      expect((await home.read(ref, signal))?.images).toEqual([])
    })

    it('keeps how far a change of settings has come', async (context) => {
      const { home, ref } = subject
      if (home.noteSettings === undefined) return context.skip('settings are not changed in this home')
      const before = [{ featureGates: { KubeletPSI: false } }, {}]
      const refused = { digest: 'a', message: 'said' }
      for (const change of [{ before }, { refused }, { before, refused }]) {
        await home.noteSettings(ref, change, signal)
        await home.setStatus(ref, { phase: 'Ready', conditions: [] }, signal)
        expect((await home.read(ref, signal))?.settings).toEqual(change)
      }
      await home.noteSettings(ref, undefined, signal)
      expect((await home.read(ref, signal))?.settings).toBeUndefined()
    })

    it('keeps the first certificate authorities for ever', async () => {
      const { home, ref } = subject
      const record = await home.read(ref, signal)
      if (record === undefined) throw new Error('no record')
      await home.saveAuthorities(record, authorities('first'), signal)
      expect(await home.saveAuthorities(record, authorities('second'), signal)).toEqual(authorities('first'))
      expect(await home.readAuthorities(ref, signal)).toEqual(authorities('first'))
    })

    it('keeps the kubeconfig that was saved last', async () => {
      const { home, ref } = subject
      const record = await home.read(ref, signal)
      if (record === undefined) throw new Error('no record')
      expect(await home.readKubeconfig(ref, signal)).toBeUndefined()
      const [first, second] = ['https://first:6443', 'https://second:6443'].map((server) =>
        renderKubeconfig({ name: ref.name, server, ca: 'CA', clientCert: 'C', clientKey: 'K' }),
      ) as [string, string]
      await home.saveKubeconfig(record, first, signal)
      await home.saveKubeconfig(record, second, signal)
      expect(await home.readKubeconfig(ref, signal)).toBe(second)
    })

    it('gives a control plane its address for as long as the cluster has it', async () => {
      const { home, ref } = subject
      const record = await home.read(ref, signal)
      if (record === undefined) throw new Error('no record')
      const [first, second] = [`${ref.name}-cp-0`, `${ref.name}-cp-1`]
      const one = await home.ensureAddresses(record, [first], signal)
      const two = await home.ensureAddresses(record, [second, first], signal)
      expect(two.identities.get(first)).toBe(one.identities.get(first))
      expect(new Set(two.identities.values()).size).toBe(2)
      expect(two.controlPlaneEndpoint).toBe(one.controlPlaneEndpoint)
      await home.releaseAddress(ref, second, signal)
      await home.releaseAddress(ref, second, signal)
    }, 60_000)

    it('lets one actor in at a time, and says who is inside', async () => {
      const { home, ref } = subject
      const first = await home.lock(ref, signal, () => undefined)
      const holders: string[] = []
      const second = home.lock(ref, signal, (holder) => holders.push(holder))
      await expect.poll(() => holders.length, { timeout: 5_000 }).toBe(1)
      await first.release()
      await (await second).release()
    }, 30_000)

    it('waits for a lock for as long as it may', async () => {
      const { home, ref } = subject
      const first = await home.lock(ref, signal, () => undefined)
      const stop = new AbortController()
      const second = home.lock(ref, stop.signal, () => stop.abort())
      await expect(second).rejects.toThrow()
      await first.release()
      await first.release()
      await (await home.lock(ref, signal, () => undefined)).release()
    }, 30_000)

    it('forgets everything on removal, and is content when there is nothing', async () => {
      const { home, ref } = subject
      await home.remove(ref, { keepData: false, signal })
      expect(await home.read(ref, signal)).toBeUndefined()
      expect(await home.readAuthorities(ref, signal)).toBeUndefined()
      expect((await home.list(ref.namespace, signal)).map(({ name }) => name)).not.toContain(ref.name)
      await home.remove(ref, { keepData: false, signal })
    }, 120_000)
  })
}
