import type { KubeApi } from '@knest/core'
import { never } from './cluster.js'

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly verbs: readonly string[]
  }[]
}

// What the host itself makes and drops all the time, whatever runs on it.
const volatileKinds = new Set(['Event', 'ComponentStatus', 'PodMetrics', 'NodeMetrics'])

/** The host's objects of every kind it serves, as `group/version kind namespace/name`. */
export async function inventory(api: KubeApi): Promise<readonly string[]> {
  const groups = JSON.parse((await api.raw('/apis', never)).body) as {
    groups: readonly { preferredVersion: { groupVersion: string } }[]
  }
  const versions = ['v1', ...groups.groups.map(({ preferredVersion }) => preferredVersion.groupVersion)]
  const lists = await Promise.all(versions.map((version) => objectsOf(api, version)))
  return lists.flat().sort()
}

async function objectsOf(api: KubeApi, apiVersion: string): Promise<readonly string[]> {
  const path = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const answer = await api.raw(path, never)
  if (answer.status !== 200) return []
  const { resources } = JSON.parse(answer.body) as ResourceList
  const kinds = resources.filter(
    ({ name, kind, verbs }) => !name.includes('/') && verbs.includes('list') && !volatileKinds.has(kind),
  )
  const lists = await Promise.all(
    kinds.map(async ({ kind }) => {
      const objects = await api.list({ apiVersion, kind }, { signal: never })
      return objects.map(
        ({ metadata }) => `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      )
    }),
  )
  return lists.flat()
}
