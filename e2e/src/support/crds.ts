import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KnestError } from 'knest'
import type { KubeApi, KubeObject } from 'knest'
import { parseAllDocuments } from 'yaml'
import { never } from './cluster.js'

const crdFolder = fileURLToPath(new URL('../../../../shared/data/crds', import.meta.url))
const crdKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

/** A CNI's resource definitions, and objects of theirs, without the CNI itself. */
export interface HostDefinitions {
  /** Takes away what was put there; what the host had before stays. */
  remove(): Promise<void>
}

interface DefinitionSpec {
  readonly group: string
  readonly names: { readonly kind: string }
  readonly versions: readonly { readonly name: string; readonly served: boolean }[]
}

/** Why the definitions of that folder are not at hand; undefined when they are. */
export function missingDefinitions(folder: string): string | undefined {
  return existsSync(join(crdFolder, folder))
    ? undefined
    : `its resource definitions are not in ../shared/data/crds/${folder}`
}

export async function installDefinitions(
  host: KubeApi,
  folder: string,
  objects: readonly KubeObject[],
): Promise<HostDefinitions> {
  const path = join(crdFolder, folder)
  const definitions = readdirSync(path).flatMap((file) => definitionsIn(join(path, file)))
  const made = await applyAbsent(host, definitions)
  const listed = ({ spec }: KubeObject) => {
    const { group, names, versions } = spec as DefinitionSpec
    const version = versions.find(({ served }) => served)?.name ?? ''
    const kind = { apiVersion: `${group}/${version}`, kind: names.kind }
    return untilServed(() => host.list(kind, { signal: never }))
  }
  for (const object of objects) await untilServed(() => host.apply(object, { signal: never }))
  return {
    remove: async () => {
      for (const object of objects)
        await host.delete(object, object.metadata.name, undefined, { signal: never })
      // Finalizing one whose objects nobody has listed yet fails ("storage is (re)initializing"), and is
      // tried again ever more rarely, after minutes in the end.
      await Promise.all(definitions.filter(({ metadata }) => made.includes(metadata.name)).map(listed))
      for (const name of made) await host.delete(crdKind, name, undefined, { signal: never })
      await host.waitFor(crdKind, {}, (found) => !found.some((crd) => made.includes(crd.metadata.name)), {
        timeoutMs: 90_000,
        signal: never,
        awaited: `the resource definitions of ${folder} to be gone`,
        describe: (found) =>
          found
            .map((crd) => `${crd.metadata.name} ${JSON.stringify(crd.status)}`)
            .join('; ')
            .slice(0, 2000),
      })
    },
  }
}

function definitionsIn(file: string): readonly KubeObject[] {
  const objects = parseAllDocuments(readFileSync(file, 'utf8')).map(
    (document) => document.toJS() as KubeObject | null,
  )
  return objects.filter((object) => object?.kind === crdKind.kind).filter((object) => object !== null)
}

/** Gives the names of those that were made here, so that a host's own are left alone. */
async function applyAbsent(api: KubeApi, crds: readonly KubeObject[]): Promise<readonly string[]> {
  const there = new Set((await api.list(crdKind, { signal: never })).map(({ metadata }) => metadata.name))
  const absent = crds.filter(({ metadata }) => !there.has(metadata.name))
  await Promise.all(absent.map((crd) => api.apply(crd, { signal: never })))
  const names = absent.map(({ metadata }) => metadata.name)
  await api.waitFor(crdKind, {}, (found) => names.every((name) => found.some(isEstablished(name))), {
    timeoutMs: 60_000,
    signal: never,
    awaited: 'the resource definitions to be served',
    describe: (found) => `${found.length} definitions`,
  })
  return names
}

function isEstablished(name: string): (crd: KubeObject) => boolean {
  return ({ metadata, status }) =>
    metadata.name === name &&
    ((status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? []).some(
      ({ type, status: value }) => type === 'Established' && value === 'True',
    )
}

/** A definition is established a moment before its objects are served. */
async function untilServed<T>(work: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + 30_000; ;) {
    try {
      return await work()
    } catch (error) {
      const isEarly = error instanceof KnestError && error.code === 'not-found'
      if (!isEarly || Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
