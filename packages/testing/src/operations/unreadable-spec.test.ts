import { describe, expect, test } from 'vitest'
import { nestedClusterKind, PreflightError } from '@knest/core'
import { readyHost, type DeclaredHost } from './declared-host.js'
import { never, ref, run, spec } from './fixture.js'

/** What the resource definition lets through and knest does not understand. */
const mistakes: readonly [string, object, string][] = [
  ['a version that is not supported', { kubernetesVersion: '1.99.0' }, '1.99.0'],
  ['a range that is none', { network: { podNetworkCidr: ['banana'] } }, 'banana'],
  ['two pools of one name', { workers: [...spec.workers, ...spec.workers] }, 'worker'],
  ['a size that is none', { controlPlane: { machine: { memorySize: '4 cups' } } }, '4 cups'],
]

async function askedFor(mistake: object): Promise<DeclaredHost> {
  const host = await readyHost()
  await host.patchSpec(mistake)
  return host
}

describe.each(mistakes)('while its object asks for %s', (_title, mistake, said) => {
  test('it is healed by what it was made by, and says what is wrong', async () => {
    const { clusters, condition, loseNode, nodes, object, patchSpec, seen } = await askedFor(mistake)
    const before = nodes()
    loseNode('q-worker-0')
    const { failure, phase } = await clusters.reconcile(ref, run)
    expect(failure).toBeInstanceOf(PreflightError)
    expect(phase).toBe('Ready')
    expect(nodes()).toEqual(before)
    const refused = { status: 'False', reason: 'Refused', message: expect.stringContaining(said) as string }
    expect(await condition('Accepted')).toMatchObject(refused)
    expect(seen.at(-1)).toBe('Failed -')

    await patchSpec((await object()).status?.spec as object)
    expect((await clusters.reconcile(ref, run)).failure).toBeUndefined()
    expect(await condition('Accepted')).toMatchObject({ status: 'True' })
    expect(seen.at(-1)).toBe('Current ready')
  })

  test('it has a status, and can be scaled and deleted', async () => {
    const { clusters, memory, nodes } = await askedFor(mistake)
    expect((await clusters.status(ref, never)).phase).toBe('Ready')
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect(nodes()).toContain('q-worker-1')
    expect((await clusters.reconcile(ref, run)).failure).toBeUndefined()
    await memory.delete(nestedClusterKind, ref.name, ref.namespace, { signal: never })
    await clusters.reconcile(ref, run)
    expect(await memory.get(nestedClusterKind, ref.name, ref.namespace, never)).toBeUndefined()
  })

  test('it goes when its object is deleted', async () => {
    const { clusters, memory, nodes } = await askedFor(mistake)
    await memory.delete(nestedClusterKind, ref.name, ref.namespace, { signal: never })
    await clusters.reconcile(ref, run)
    expect(nodes()).toEqual([])
    expect(await memory.get(nestedClusterKind, ref.name, ref.namespace, never)).toBeUndefined()
  })
})
