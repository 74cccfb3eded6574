import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import {
  allObjects,
  foreignOf,
  isMadeForSet,
  isWrittenByKnest,
  kindOf,
  titleOf,
  whole,
} from './support/applied.js'
import { never, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { knest, runKnest, type Outcome } from './support/knest.js'

const name = 'e2e-foreign'
const own = `knest-${name}`
const shape = ['--persistent', '--control-plane-machine-count', '1', '--worker-machine-count', '1']

/** Whoever declares a cluster owns it, and a namespace is the user's choice: those are no names in the way. The embedded host has a CustomResourceDefinition of its own. */
const ofUsers = new Set(['NestedCluster', 'Namespace', 'CustomResourceDefinition'])
const lanes = 4
const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }
const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

/**
 * Every object that knest applies for a cluster and for its controller is taken from what it did apply: a kind that is
 * new is part of this without being named.
 */
describe('an object of somebody else under a name that knest would use', () => {
  let home: TestHome
  let host: KubeApi
  /** Of the cluster and its namespace, and what the controller brought besides. */
  let applied: readonly KubeObject[] = []
  let controllers: readonly KubeObject[] = []
  const made: KubeObject[] = []

  const run = (...args: readonly string[]): Promise<Outcome> =>
    runKnest(home, [...args, '--context', hostContext])
  const make = async (object: KubeObject): Promise<KubeObject> => {
    const there = await host.create(object, { signal: never })
    made.push(object)
    return { ...there, ...kindOf(object) }
  }
  const now = async (object: KubeObject): Promise<unknown> => {
    const { name: called, namespace } = object.metadata
    const found = await host.get(kindOf(object), called, namespace, never)
    return found === undefined ? undefined : whole({ ...found, ...kindOf(object) })
  }
  const inNamespace = async (namespace: string): Promise<readonly string[]> =>
    (await allObjects(host))
      .filter(({ metadata }) => metadata.namespace === namespace)
      .filter(({ metadata }) => !['kube-root-ca.crt', 'default'].includes(metadata.name))
      .map(titleOf)
      .sort()

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    // The lock is there for as long as somebody works on the cluster.
    const [, locks] = await Promise.all([
      knest(home, 'create', name, ...shape),
      host.waitFor(leaseKind, { namespace: own }, (found) => found.length > 0, {
        timeoutMs: 120_000,
        signal: never,
        awaited: 'the lock of the cluster',
        describe: () => 'no Lease yet',
      }),
    ])
    const found = [...locks.map((lock) => ({ ...lock, ...leaseKind })), ...(await allObjects(host))]
    applied = found.filter(
      (object) =>
        object.metadata.namespace === own &&
        !ofUsers.has(object.kind) &&
        (isWrittenByKnest(object) || isMadeForSet(object)),
    )
    const before = new Set((await allObjects(host)).map(({ metadata }) => metadata.uid))
    await knest(home, 'host', 'install', 'controller')
    const brought = (await allObjects(host)).filter(
      (object) => isWrittenByKnest(object) && !before.has(object.metadata.uid) && object.kind !== 'Lease',
    )
    // What binds the controller to a cluster is the cluster's.
    const isOfCluster = ({ metadata }: KubeObject): boolean => metadata.namespace === own
    controllers = brought.filter((object) => !isOfCluster(object))
    applied = [...applied, ...brought.filter(isOfCluster)]
    await knest(home, 'host', 'uninstall', 'controller')
  })

  afterAll(async () => {
    for (const object of [...made].reverse())
      await host.delete(kindOf(object), object.metadata.name, object.metadata.namespace, { signal: never })
    await run('delete', name, '--ignore-not-found')
    await host.delete(namespaceKind, own, undefined, { signal: never })
    const isLeft = ({ metadata }: KubeObject): boolean =>
      metadata.name.startsWith(own) || metadata.name === 'knest-system'
    // The next file compares all that the host has.
    await host.waitFor(namespaceKind, {}, (found) => !found.some(isLeft), {
      timeoutMs: 120_000,
      signal: never,
      awaited: 'the namespaces of this file to be gone',
      describe: (found) => found.filter(isLeft).map(titleOf).join(', '),
    })
    host.close()
    home.remove()
  })

  it('was looked for by what was applied', () => {
    console.log(`of a cluster: ${applied.map(titleOf).sort().join(', ')}`)
    console.log(`of the controller: ${controllers.map(titleOf).sort().join(', ')}`)
    const kinds = new Set(applied.map(({ kind }) => kind))
    for (const kind of [
      ...['StatefulSet', 'Pod', 'PersistentVolumeClaim', 'Service', 'Secret', 'Lease'],
      'RoleBinding',
    ])
      expect(kinds).toContain(kind)
    expect(controllers.length).toBeGreaterThan(6)
  })

  it('create, apply and delete: named before anything is made, and left as it is', async () => {
    const file = join(home.path, 'cluster.yaml')
    const spec = { persistence: { enabled: true } }
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster', metadata: { name }, spec }),
    )
    const left = applied.entries()
    const faults: string[] = []
    const meet = async (object: KubeObject, index: number): Promise<void> => {
      const namespace = `${own}-${index}`
      const title = titleOf(object)
      await make({ ...namespaceKind, metadata: { name: namespace } })
      const theirs = await make(foreignOf(object, namespace))
      const before = whole(theirs)
      const place = ['-n', namespace]
      const outcomes = [await run('create', name, ...shape, ...place)]
      // The same way, so that one of each kind is enough.
      if (applied.findIndex(({ kind }) => kind === object.kind) === index)
        outcomes.push(await run('apply', '-f', file, '--yes', ...place))
      for (const { code, stderr } of outcomes)
        if (code !== 3 || !stderr.includes(title) || !stderr.includes('did not make it'))
          faults.push(`${title}: ended with ${String(code)}: ${stderr}`)
      const deleted = await run('delete', name, ...place)
      if (deleted.code !== 4)
        faults.push(`${title}: delete ended with ${String(deleted.code)}: ${deleted.stderr}`)
      const there = await inNamespace(namespace)
      if (there.join() !== title) faults.push(`${title}: the namespace has ${there.join(', ')}`)
      expect(await now(theirs), title).toEqual(before)
    }
    const lane = async (): Promise<void> => {
      for (const [index, object] of left) await meet(object, index)
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    expect(faults).toEqual([])
  })

  it('scale and upgrade: all of them are named at once, and stay when the cluster goes', async () => {
    const further = applied.flatMap((object) => {
      const called = object.metadata.name
      if (!called.includes(`${name}-cp-0`) && !called.includes(`${name}-worker-0`)) return []
      return [
        called.replace(`${name}-cp-0`, `${name}-cp-2`).replace(`${name}-worker-0`, `${name}-worker-1`),
      ].map((other) => ({ ...object, metadata: { ...object.metadata, name: other } }))
    })
    expect(further.length).toBeGreaterThan(6)
    const theirs: KubeObject[] = []
    for (const object of further) theirs.push(await make(foreignOf(object)))
    const before = await inNamespace(own)
    const scaled = await run('scale', name, '3:2')
    expect(scaled.code, scaled.stderr).toBe(3)
    for (const object of further) expect(scaled.stderr).toContain(titleOf(object))
    const surge = ['--kubernetes-version', '1.36.3', '--max-surge', '1']
    const upgraded = await run('upgrade', name, ...surge)
    expect(upgraded.code, upgraded.stderr).toBe(3)
    // Of the worker that there would be meanwhile.
    const meanwhile = further.filter(({ metadata }) => metadata.name.includes(`${name}-worker-1`))
    for (const object of meanwhile) expect(upgraded.stderr).toContain(titleOf(object))
    expect(await inNamespace(own)).toEqual(before)

    const deleted = await run('delete', name)
    expect(deleted.code, deleted.stderr).toBe(0)
    expect(deleted.stderr).toMatch(`namespace "${own}" stays`)
    for (const object of theirs) expect(await now(object), titleOf(object)).toEqual(whole(object))
    expect(await inNamespace(own)).toEqual(further.map(titleOf).sort())
  })

  it('host install and uninstall controller: all of them are named at once, and stay', async () => {
    const inOrder = [...controllers].sort(
      (a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'),
    )
    const theirs: KubeObject[] = []
    for (const object of inOrder) theirs.push(await make(foreignOf(object)))
    const installed = await run('host', 'install', 'controller')
    expect(installed.code, installed.stderr).toBe(4)
    for (const object of controllers) expect(installed.stderr).toContain(titleOf(object))
    const removed = await run('host', 'uninstall', 'controller')
    expect(removed.code, removed.stderr).toBe(0)
    for (const object of theirs) expect(await now(object), titleOf(object)).toEqual(whole(object))
  })
})
