import { describe, expect, test } from 'vitest'
import {
  createKubernetesHome,
  KnestError,
  labels,
  nestedClusterCrd,
  nestedClusterKind,
  userRules,
} from '@knest/core'
import type { ClusterHome, KindRef, KubeApi } from '@knest/core'
import { createFakeKubeApi } from '../fake-kube-api.js'
import { sampleSpec } from '../sample-spec.js'
import { createFixture, never, spec } from './fixture.js'

const team = { name: 'q', namespace: 'team' }
const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }
const kinds = [
  ...['Namespace', 'Service', 'Secret'].map((kind) => ({ apiVersion: 'v1', kind })),
  definition,
  nestedClusterKind,
]

/** The host as somebody sees it who has the Role that `knest host role team` prints, and nothing else. */
function asUser(memory: KubeApi): KubeApi {
  const may = (verb: string, kind: KindRef, namespace: string | undefined): boolean =>
    namespace === team.namespace &&
    userRules.some(
      ({ resources, verbs }) => resources.includes(`${kind.kind.toLowerCase()}s`) && verbs.includes(verb),
    )
  const need = (verb: string, kind: KindRef, namespace: string | undefined): void => {
    if (!may(verb, kind, namespace))
      throw new KnestError('not-permitted', `memory: cannot ${verb} ${kind.kind} in ${namespace ?? 'all'}`)
  }
  /** A namespace is in itself for whoever asks. */
  const placeOf = (kind: KindRef, name: string, namespace: string | undefined): string | undefined =>
    kind.kind === 'Namespace' ? name : namespace
  const asked = <R>(verb: string, kind: KindRef, namespace: string | undefined, work: () => R): R => {
    need(verb, kind, namespace)
    return work()
  }
  return {
    ...memory,
    get: async (kind, name, namespace, signal) =>
      asked('get', kind, placeOf(kind, name, namespace), () => memory.get(kind, name, namespace, signal)),
    list: async (kind, options) => asked('list', kind, options.namespace, () => memory.list(kind, options)),
    create: async (object, options) =>
      asked('create', object, object.metadata.namespace, () => memory.create(object, options)),
    apply: async (object, options) => {
      const { name, namespace } = object.metadata
      return asked('patch', object, placeOf(object, name, namespace), () => memory.apply(object, options))
    },
    delete: async (kind, name, namespace, options) =>
      asked('delete', kind, placeOf(kind, name, namespace), () =>
        memory.delete(kind, name, namespace, options),
      ),
    canI: ({ verb, resource, namespace }) =>
      Promise.resolve(may(verb, { apiVersion: '', kind: resource.slice(0, -1) }, namespace)),
  }
}

async function hostWith(marks: Readonly<Record<string, string>>): Promise<KubeApi> {
  const memory = createFakeKubeApi(kinds)
  await memory.create(nestedClusterCrd(), { signal: never })
  await memory.create(
    { ...namespaceKind, metadata: { name: team.namespace, labels: marks } },
    { signal: never },
  )
  return memory
}

const made = { [labels.cluster]: team.name, [labels.managedBy]: 'knest' }

describe('a user of one namespace', () => {
  test.each([
    ['that somebody else made', {}, []],
    ['that was made for the cluster', made, ['namespace "team" stays: you may not delete it']],
  ])('makes and removes a cluster in a namespace %s', async (_title, marks, notes) => {
    const memory = await hostWith(marks)
    const home = createKubernetesHome(asUser(memory))
    const before = await memory.get(namespaceKind, team.namespace, undefined, never)
    expect(await home.create(team, sampleSpec, never)).toMatchObject(team)
    expect(await home.placeAfter?.(team, never)).toBe(notes[0])
    const said: string[] = []
    await home.remove(team, { keepData: false, signal: never, note: (text) => said.push(text) })
    expect(said).toEqual(notes)
    expect(await memory.list(nestedClusterKind, { signal: never })).toEqual([])
    expect(await memory.get(namespaceKind, team.namespace, undefined, never)).toEqual(before)
    expect(await memory.list(definition, { signal: never })).toHaveLength(1)
  })

  test('lets somebody in before there is a cluster', async () => {
    const home = createKubernetesHome(asUser(await hostWith({})))
    const seen: unknown[] = []
    const placed = async (): Promise<void> => void seen.push(await home.read(team, never))
    await home.create(team, sampleSpec, never, { placed })
    expect(seen).toEqual([undefined])
  })

  test('is told who makes the first cluster of a host possible', async () => {
    const memory = await hostWith({})
    const unknown = (kind: KindRef): boolean => kind.kind === nestedClusterKind.kind
    const home = createKubernetesHome(
      asUser({
        ...memory,
        list: (kind, options) =>
          unknown(kind)
            ? Promise.reject(new KnestError('not-found', 'memory: the server has no such kind'))
            : memory.list(kind, options),
      }),
    )
    await expect(home.create(team, sampleSpec, never)).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringMatching(/no resource definition "nestedclusters\.knest\.dev"/) as string,
      hint: expect.stringMatching(/`knest host install controller`/) as string,
    })
  })
})

describe('who may look into one namespace only', () => {
  /** `may`: the namespaces that may be listed. */
  async function looking(may: readonly string[], contextNamespace: string | undefined) {
    const { clusters, home } = createFixture()
    const refuse = (): never => {
      throw new KnestError('not-permitted', 'memory: forbidden')
    }
    const all = { ...home }
    const allowed = (namespace: string | undefined): boolean => may.includes(namespace ?? 'all')
    const changes: Partial<ClusterHome> = {
      contextNamespace,
      list: async (namespace, signal) => (allowed(namespace) ? all.list(namespace, signal) : refuse()),
      read: async (ref, signal) => (allowed(ref.namespace) ? all.read(ref, signal) : refuse()),
    }
    await home.create(team, spec, never)
    await home.create({ name: 'p', namespace: 'other' }, spec, never)
    Object.assign(home, changes)
    return clusters
  }
  const shown = async (clusters: Awaited<ReturnType<typeof looking>>) => {
    const narrowed: string[] = []
    const found = await clusters.list(undefined, never, (namespace) => narrowed.push(namespace))
    return { names: found.map(({ name }) => name), narrowed }
  }

  test.each([
    ['all', ['all', 'team', 'other'], { names: ['q', 'p'], narrowed: [] }],
    ['its own', ['team'], { names: ['q'], narrowed: ['team'] }],
  ])('is listed %s', async (_title, may, expected) => {
    expect(await shown(await looking(may, 'team'))).toEqual(expected)
  })

  test('finds clusters there by their names alone, and is told of no others', async () => {
    const clusters = await looking(['team'], 'team')
    expect(await clusters.find('q', undefined, never)).toEqual(team)
    await expect(clusters.find('p', undefined, never)).rejects.toMatchObject({
      code: 'not-found',
      message: 'there is no cluster "p" in namespace "team"',
    })
    await expect(clusters.find('p', 'other', never)).rejects.toMatchObject({ code: 'not-permitted' })
  })

  test.each([['default'], [undefined]])('is told to name the namespace, with context %s', async (context) => {
    const clusters = await looking(['team'], context)
    await expect(clusters.list(undefined, never)).rejects.toMatchObject({
      code: 'not-permitted',
      ...(context !== undefined && { hint: expect.stringMatching(/-n/) as string }),
    })
    await expect(clusters.find('q', undefined, never)).rejects.toMatchObject({ code: 'not-permitted' })
    expect(await clusters.find('q', 'team', never)).toEqual(team)
  })
})
