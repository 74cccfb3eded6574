import type { KubeApi, KubeObject } from 'knest'
import { expect } from 'vitest'
import { never } from './cluster.js'
import { secondsUntil } from './until.js'

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly verbs: readonly string[] | null
  }[]
}

// What the host itself makes and drops all the time, whatever runs on it.
const volatileKinds = new Set(['Event', 'ComponentStatus', 'PodMetrics', 'NodeMetrics'])

/**
 * The host's objects of every kind it serves, as `group/version kind namespace/name`. A file that does not have the
 * host for itself names its own clusters: what belongs to those of other test files is then left out, and nothing else.
 */
export async function inventory(api: KubeApi, own?: readonly string[]): Promise<readonly string[]> {
  const groups = JSON.parse((await api.raw('/apis', never)).body) as {
    groups: readonly { preferredVersion: { groupVersion: string } }[]
  }
  const versions = ['v1', ...groups.groups.map(({ preferredVersion }) => preferredVersion.groupVersion)]
  const lists = await Promise.all(versions.map((version) => objectsOf(api, version, own)))
  return lists.flat().sort()
}

/** The inventory of a host on which nothing of a test before is on its way out any more. */
export async function quietInventory(api: KubeApi): Promise<readonly string[]> {
  let found: readonly string[] = []
  const isQuiet = async (): Promise<boolean> => {
    const before = found
    const namespaces = await api.list({ apiVersion: 'v1', kind: 'Namespace' }, { signal: never })
    found = await inventory(api)
    return (
      namespaces.every(({ metadata }) => metadata.deletionTimestamp === undefined) &&
      found.join() === before.join()
    )
  }
  await secondsUntil(isQuiet, 60, 'the host to be quiet')
  return found
}

/** Expects the inventory of before, as soon as the host's own controllers have taken away what hung on what went. */
export async function expectInventory(
  api: KubeApi,
  before: readonly string[],
  own?: readonly string[],
): Promise<void> {
  const isSame = async (): Promise<boolean> => (await inventory(api, own)).join() === before.join()
  await secondsUntil(isSame, 30).catch(async () => expect(await inventory(api, own)).toEqual(before))
}

async function objectsOf(
  api: KubeApi,
  apiVersion: string,
  own: readonly string[] | undefined,
): Promise<readonly string[]> {
  const path = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const answer = await api.raw(path, never)
  if (answer.status !== 200) return []
  const { resources } = JSON.parse(answer.body) as ResourceList
  const kinds = resources.filter(
    ({ name, kind, verbs }) =>
      !name.includes('/') && verbs?.includes('list') === true && !volatileKinds.has(kind),
  )
  const lists = await Promise.all(
    kinds.map(async ({ kind }) => {
      const objects = await api.list({ apiVersion, kind }, { signal: never })
      const listed = own === undefined ? objects : objects.filter((object) => !isForeign(kind, object, own))
      return listed.map(
        ({ metadata }) => `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      )
    }),
  )
  return lists.flat()
}

// Made by the first cluster of a host, and gone with the last: delete.test.ts has the host for itself.
const sharedByClusters = ['nestedclusters.knest.dev', 'v1alpha1.knest.dev']

/** Whether the object is another test cluster's, by the namespace that it is in, is, or was made for. */
function isForeign(kind: string, object: KubeObject, own: readonly string[]): boolean {
  const { name, namespace } = object.metadata
  if (sharedByClusters.includes(name)) return true
  // The host's storage makes and drops them for anybody's volumes.
  if (kind === 'Pod' && name.startsWith('helper-pod-')) return true
  // Of a volume and of a Service's address.
  const { claimRef, parentRef } = (object.spec ?? {}) as Record<string, { namespace?: string } | undefined>
  const of = namespace ?? claimRef?.namespace ?? parentRef?.namespace ?? (kind === 'Namespace' ? name : '')
  const cluster = /^knest-(e2e-.+)$/.exec(of)?.[1]
  return cluster !== undefined && !own.includes(cluster)
}
