import { KnestError, resolveSpec } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'
import { expect, it } from 'vitest'
import { imageVersion } from './image-version.js'

const cluster = { name: 'q', namespace: 'team', uid: '1' }
const spec = resolveSpec({})
const { signal } = new AbortController()

const ended = (exitCode: number, message?: string): object => ({
  containerStatuses: [
    { name: 'look', ready: false, restartCount: 0, state: { terminated: { exitCode, message } } },
  ],
})

/** A host whose pods end so, or refuses them. */
function host(outcome: object | KnestError, there?: KubeObject) {
  const made: KubeObject[] = []
  let present = there
  const deleted: string[] = []
  const set = {
    spec: { template: { spec: { nodeSelector: { disk: 'fast' }, imagePullSecrets: [{ name: 'pull' }] } } },
  }
  const api: Partial<KubeApi> = {
    get: () => Promise.resolve(present),
    list: () => Promise.resolve([set as unknown as KubeObject]),
    create: (object) => {
      if (outcome instanceof KnestError) return Promise.reject(outcome)
      made.push({ ...object, status: outcome })
      present = { ...object, metadata: { ...object.metadata, uid: 'of the pod' } }
      return Promise.resolve(present)
    },
    waitFor: (_kind, _selector, done) =>
      done(made) ? Promise.resolve(made) : Promise.reject(new KnestError('timeout', 'it runs')),
    delete: (_kind, name, _namespace, { preconditions }) => {
      expect(preconditions).toEqual({ uid: present?.metadata.uid })
      deleted.push(name)
      present = undefined
      return Promise.resolve(true)
    },
  }
  return { api: api as KubeApi, made, deleted }
}

it.each([
  ['says it', ended(0, '1.36.3\n'), '1.36.3'],
  ['is no node image', ended(0, ''), undefined],
  ['has no shell', ended(127), undefined],
  ['runs for ever', { phase: 'Running' }, undefined],
  [
    'is not there',
    {
      containerStatuses: [
        { name: 'look', ready: false, restartCount: 0, state: { waiting: { reason: 'InvalidImageName' } } },
      ],
    },
    undefined,
  ],
  ['may not be asked', new KnestError('not-permitted', 'no pods here'), undefined],
])('an image that %s', async (_, outcome, version) => {
  const { api, made, deleted } = host(outcome)
  expect(await imageVersion(api, cluster, spec, signal)).toBe(version)
  expect(deleted).toEqual(made.map(() => 'q-image-version'))
  // It runs where nodes may, and no node is taken for it.
  for (const { metadata, spec: pod } of made) {
    expect(pod).toMatchObject({ nodeSelector: { disk: 'fast' }, imagePullSecrets: [{ name: 'pull' }] })
    expect(Object.keys(metadata.labels ?? {})).not.toContain('knest.dev/node')
  }
})

it.each([
  ["somebody else's stays, and nothing is looked at", 'another', []],
  ['one that a killed command left goes first', '1', ['q-image-version', 'q-image-version']],
])('a pod of that name is there: %s', async (_, owner, expected) => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'NestedCluster', name: 'q', uid: owner }]
  const metadata = { name: 'q-image-version', namespace: 'team', uid: 'there', ownerReferences }
  const { api, deleted } = host(ended(0, '1.36.3'), { apiVersion: 'v1', kind: 'Pod', metadata })
  expect(await imageVersion(api, cluster, spec, signal)).toBe(owner === '1' ? '1.36.3' : undefined)
  expect(deleted).toEqual(expected)
})

it('does not look where patches choose the image', async () => {
  const { api, made } = host(ended(0, '1.36.3'))
  const patch = { spec: { template: { spec: { containers: [{ name: 'node', image: 'mine' }] } } } }
  expect(await imageVersion(api, cluster, { ...spec, hostPatches: [{ patch }] }, signal)).toBeUndefined()
  expect(made).toEqual([])
})
