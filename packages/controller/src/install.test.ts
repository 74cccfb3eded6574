import { silentProgress } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { ensureController, removeUnusedController } from './install.js'
import { controllerObjects } from './manifests.js'

const image = 'controller:v1'
const going = { name: 'a', namespace: 'knest-a' }
const run = { progress: silentProgress, signal: new AbortController().signal, timeoutMs: 1_000 }

const cluster = (name: string): KubeObject => ({
  apiVersion: 'knest.dev/v1alpha1',
  kind: 'NestedCluster',
  metadata: { name, namespace: `knest-${name}` },
})

/** A host that has what is applied to it and tells what was deleted; whatever is waited for is so. */
function hostWith(...objects: KubeObject[]) {
  const deleted: string[] = []
  const api: Partial<KubeApi> = {
    apply: (object) => {
      objects.push(object)
      return Promise.resolve(object)
    },
    get: ({ kind }, name) =>
      Promise.resolve(objects.find((object) => object.kind === kind && object.metadata.name === name)),
    list: ({ kind }) => Promise.resolve(objects.filter((object) => object.kind === kind)),
    delete: ({ kind }, name) => {
      deleted.push(`${kind} ${name}`)
      return Promise.resolve(true)
    },
    waitFor: () => Promise.resolve([]),
    raw: () => Promise.resolve({ status: 404, body: '' }),
  }
  return { api: api as KubeApi, deleted }
}

describe('dismissController', () => {
  it('takes one that came with a cluster away with the last, and only then', async () => {
    const shared = hostWith(cluster('a'), cluster('b'))
    await ensureController(shared.api, { image }, run.signal)
    await removeUnusedController(shared.api, going, run)
    expect(shared.deleted).toEqual([])

    const last = hostWith(cluster('a'))
    await ensureController(last.api, { image }, run.signal)
    await removeUnusedController(last.api, going, run)
    expect(last.deleted).toContain('Deployment knest-controller')
    expect(last.deleted).toContain('ClusterRole knest-controller')
    expect(last.deleted).toContain('Namespace knest-system')
  })

  it('leaves one that was installed', async () => {
    const { api, deleted } = hostWith(cluster('a'), ...controllerObjects({ image }))
    await removeUnusedController(api, going, run)
    expect(deleted).toEqual([])
  })
})
