import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentProgress, type KubeApi } from '@knest/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installKubeVirt } from './install.js'

const { signal } = new AbortController()
const emulating = { configuration: { developerConfiguration: { useEmulation: true } } }
let manifests: string

beforeAll(async () => {
  manifests = await mkdtemp(join(tmpdir(), 'knest-kubevirt-'))
  const common = 'metadata: {name: kubevirt, namespace: kubevirt}\n'
  await writeFile(
    join(manifests, 'kubevirt-operator.yaml'),
    `apiVersion: v1\nkind: ServiceAccount\n${common}`,
  )
  await writeFile(
    join(manifests, 'kubevirt-cr.yaml'),
    `apiVersion: kubevirt.io/v1\nkind: KubeVirt\n${common}spec: {configuration: {}}\n`,
  )
})
afterAll(() => rm(manifests, { recursive: true }))

/** Installs onto a host with this KubeVirt, whose operator says these things one after the other. */
async function install(
  there: object | undefined,
  said: readonly object[],
  emulation = false,
): Promise<{ readonly spec: unknown; readonly notes: readonly string[]; readonly looks: number }> {
  const notes: string[] = []
  let spec: unknown
  let looks = 0
  const metadata = { name: 'kubevirt', namespace: 'kubevirt', generation: 2 }
  const found = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt', metadata }
  const api: Partial<KubeApi> = {
    get: () => Promise.resolve(there === undefined ? undefined : { ...found, spec: there }),
    apply: (object) => {
      if (object.kind === 'KubeVirt') spec = object.spec
      return Promise.resolve(object)
    },
    waitFor: ({ kind }, _selector, done) => {
      const shown = kind === 'KubeVirt' ? said : [{ conditions: [{ type: 'Established', status: 'True' }] }]
      for (const status of shown) {
        if (kind === 'KubeVirt') looks++
        const objects = [{ ...found, status }]
        if (done(objects)) return Promise.resolve(objects)
      }
      return Promise.reject(new Error('never'))
    },
  }
  const note = (text: string): void => void notes.push(text)
  const progress = {
    ...silentProgress,
    note,
    phase: async <T>(_title: string, work: (inner: typeof silentProgress) => Promise<T>) =>
      work({ ...silentProgress, note }),
  }
  const run = { signal, progress, timeoutMs: 5_000 }
  await installKubeVirt(api as KubeApi, { manifests, version: undefined, emulation }, run)
  return { spec, notes, looks }
}

const deployed = { phase: 'Deployed', observedGeneration: 2 }

describe('the installation of KubeVirt', () => {
  it.each<[string, object[], number]>([
    ['that has looked at the change', [deployed], 1],
    ['whose operator still speaks of before', [{ phase: 'Deployed', observedGeneration: 1 }, deployed], 2],
    ['of a release that counts nothing', [{ phase: 'Deploying' }, { phase: 'Deployed' }], 2],
  ])('is waited for: one %s', async (_, said, looks) => {
    expect((await install({}, said)).looks).toBe(looks)
  })

  it.each<[string, object | undefined, boolean, object, number]>([
    ['none is there', undefined, false, { configuration: {} }, 0],
    ['it runs on KVM', {}, false, { configuration: {} }, 0],
    ['it runs VMs in software', emulating, false, emulating, 1],
    ['it is told to', {}, true, emulating, 0],
    ['it does, and is told to', emulating, true, emulating, 0],
  ])('leaves how VMs run to the one that is there: %s', async (_, there, emulation, spec, notes) => {
    const installed = await install(there, [deployed], emulation)
    expect(installed.spec).toEqual(spec)
    expect(installed.notes).toHaveLength(notes)
  })
})
