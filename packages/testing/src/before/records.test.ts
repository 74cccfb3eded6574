import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { createKubernetesHome, nestedClusterCrd, nestedClusterKind, resolveSpec } from '@knest/core'
import type { ClusterHome, ClusterRecord, ClusterSpec, KubeApi, KubeObject } from '@knest/core'
import { createFakeKubeApi } from '../fake-kube-api.js'
import { withSchema, type SchemaOptions } from './schema-api.js'

/**
 * What knest 0.1.0 (commit 77cc724) left on a host: its resource definition, and the NestedCluster of a cluster with
 * ranges and patches of its own that a controller looks after. Taken from a real host.
 */
const { definition, cluster } = JSON.parse(
  await readFile(new URL('../../src/before/objects.json', import.meta.url), 'utf8'),
) as { readonly definition: KubeObject; readonly cluster: KubeObject }

const { signal } = new AbortController()
const definitionKind = { apiVersion: definition.apiVersion, kind: definition.kind }
const ref = { name: cluster.metadata.name, namespace: cluster.metadata.namespace ?? '' }
const network = { podNetworkCidr: ['10.210.0.0/16'], serviceCidr: ['10.211.0.0/16'] }

let memory: KubeApi
beforeEach(async () => {
  memory = createFakeKubeApi([definitionKind, nestedClusterKind, { apiVersion: 'v1', kind: 'Namespace' }])
  await memory.create(definition, { signal })
  await memory.create(cluster, { signal })
})

const homeOf = (options?: SchemaOptions): ClusterHome => createKubernetesHome(withSchema(memory, options))

/** What is stored, whatever definition it is seen through. */
async function stored(name = ref.name): Promise<KubeObject> {
  const object = await memory.get(nestedClusterKind, name, ref.namespace, signal)
  if (object === undefined) throw new Error('it is gone')
  return object
}

async function read(home: ClusterHome): Promise<ClusterRecord> {
  const record = await home.read(ref, signal)
  if (record === undefined) throw new Error('it is gone')
  return record
}

const scaled = ({ spec }: ClusterRecord, count: number): ClusterSpec => ({
  ...spec,
  workers: spec.workers.map((pool) => ({ ...pool, count })),
})

const isOld = async (): Promise<boolean> => {
  const found = await memory.get(definitionKind, definition.metadata.name, undefined, signal)
  return !JSON.stringify(found).includes('podNetworkCidr')
}

describe('a cluster that the version before made', () => {
  it('has the recorded spelling, so that this file tests something', () => {
    expect(cluster.spec).toMatchObject({
      network: { podCidr: '10.210.0.0/16', serviceCidr: '10.211.0.0/16' },
    })
    expect((cluster.spec as { patches: unknown[] }).patches).toHaveLength(2)
    expect(cluster.status).toMatchObject({ spec: { network: { podCidr: '10.210.0.0/16' } } })
  })

  it.for(['its own definition', "this version's definition"])(
    'is read and listed, through %s',
    async (through) => {
      const home = homeOf()
      if (through !== 'its own definition') await memory.replace(nestedClusterCrd(), { signal })
      const record = await read(home)
      expect(record.spec.network).toMatchObject(network)
      expect(record.spec.hostPatches).toHaveLength(2)
      expect(record.desiredSpec).toMatchObject({ network, hostPatches: record.spec.hostPatches })
      expect(await home.list(undefined, signal)).toEqual([record])
      expect(await stored()).toMatchObject({ spec: cluster.spec, status: cluster.status as object })
    },
  )

  it('is changed after its definition was brought up to date, and loses nothing', async () => {
    const home = homeOf()
    const before = await read(home)
    const spec = scaled(before, 2)
    expect(await home.update(before, spec, signal)).toMatchObject({ spec, desiredSpec: spec })
    expect(await isOld()).toBe(false)
    expect((await stored()).spec).toEqual(spec)
    expect((await stored()).status).toMatchObject({ spec })
    expect((await stored()).status.spec).not.toHaveProperty('patches')
    expect((await stored()).status.spec.network).not.toHaveProperty('podCidr')
    // Patches may change on a cluster that exists: nothing of the old spelling may stand against it.
    const patched = { ...spec, hostPatches: [] }
    expect(await home.update(await read(home), patched, signal)).toMatchObject({ spec: patched })
    expect((await read(home)).spec).toEqual(patched)
  })

  it('is changed in its own spelling where the definition may not be changed', async () => {
    const home = homeOf({ mayDefine: false })
    const before = await read(home)
    const spec = scaled(before, 2)
    expect(await home.update(before, spec, signal)).toMatchObject({ spec, desiredSpec: spec })
    expect(await isOld()).toBe(true)
    const { network: kept, patches, workers } = (await stored()).spec as Record<string, unknown>
    expect(kept).toEqual((cluster.spec as { network: unknown }).network)
    expect(patches).toEqual((cluster.spec as { patches: unknown }).patches)
    expect(workers).toMatchObject([{ count: 2 }])
    expect((await stored()).status.spec).toEqual((await stored()).spec)
  })

  it('is looked after by a controller that may not change definitions', async () => {
    const home = homeOf({ mayDefine: false })
    const spec = scaled(await read(home), 3)
    expect(await home.accept?.(await read(home), spec, signal)).toMatchObject({ spec })
    expect((await read(home)).spec).toEqual(spec)
    expect((await stored()).spec).toEqual(cluster.spec)
  })

  it('takes both spellings that say the same, as when a GitOps tool puts its own back', async () => {
    const home = homeOf()
    const before = await read(home)
    await home.update(before, before.spec, signal)
    const { network: ranges, patches } = cluster.spec as { network: object; patches: object }
    await memory.patch(
      nestedClusterKind,
      ref.name,
      ref.namespace,
      { spec: { network: ranges, patches } },
      { signal },
    )
    expect((await read(home)).desiredSpec).toEqual(before.desiredSpec)
  })
})

describe('a cluster that this version makes', () => {
  const other = { name: 'other', namespace: ref.namespace }
  const spec = resolveSpec(
    { network: { ...network, mtu: 1400 }, hostPatches: [{ patch: { a: 1 } }] },
    { force: false },
  )

  it('waits until the host serves the definition that it has just got', async () => {
    const home = homeOf({ servedAfter: 3 })
    expect((await home.create(other, spec, signal)).spec).toEqual(spec)
    expect((await stored('other')).spec).toEqual(spec)
  })

  it(
    'is written as the version before would where that definition never comes',
    { timeout: 20_000 },
    async () => {
      const home = homeOf({ servedAfter: 1000 })
      expect((await home.create(other, spec, signal)).spec).toEqual(spec)
      expect((await stored('other')).spec).toMatchObject({
        network: { podCidr: '10.210.0.0/16' },
        patches: [{}],
      })
    },
  )

  it('loses nothing to a definition that knows its ranges and not its patches', async () => {
    const text = JSON.stringify(nestedClusterCrd()).replace('"hostPatches":', '"somethingElse":')
    await memory.replace(JSON.parse(text) as KubeObject, { signal })
    const home = homeOf()
    const before = await read(home)
    await home.update(before, before.spec, signal)
    expect((await stored()).spec).toEqual(before.spec)
  })

  it('is not written at all where two ranges would be lost', async () => {
    const home = homeOf({ mayDefine: false })
    const before = await read(home)
    const two = {
      ...before.spec,
      network: { ...before.spec.network, serviceCidr: ['10.211.0.0/16', 'fd00::/108'] },
    }
    await expect(home.update(before, two, signal)).rejects.toMatchObject({
      code: 'config',
      hint: /definition/,
    })
    expect((await stored()).spec).toEqual(cluster.spec)
  })

  it('is not read through the definition of an older knest, which hides its range', async () => {
    const home = homeOf()
    await home.create(other, spec, signal)
    await memory.replace(definition, { signal })
    await expect(home.read(other, signal)).rejects.toThrow(/older knest .* hides the pod network range/)
    const [listed] = (await home.list(undefined, signal)).filter(({ name }) => name === 'other')
    expect(listed).toMatchObject({ phase: 'Failed', conditions: [{ reason: 'Unreadable' }] })
    await memory.replace(nestedClusterCrd(), { signal })
    expect((await home.read(other, signal))?.spec).toEqual(spec)
  })
})
