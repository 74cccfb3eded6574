import { KnestError } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'

type Fields = Readonly<Record<string, unknown>>

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: unknown
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

const definitionKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const definitionName = 'nestedclusters.knest.dev'

export interface SchemaOptions {
  /** False: the definition may be seen, not changed. */
  readonly mayDefine?: boolean
  /** Writes that are still checked against the definition before. */
  readonly servedAfter?: number
}

/**
 * NestedClusters of a fake API as a real one serves them: what the definition does not know is pruned when written
 * and when read, refused when the writer is strict; other types are refused always.
 */
export function withSchema(api: KubeApi, { mayDefine = true, servedAfter = 0 }: SchemaOptions = {}): KubeApi {
  const { signal } = new AbortController()
  let stale: { readonly schema: Schema; left: number } | undefined
  const current = async (): Promise<Schema> => {
    const definition = await api.get(definitionKind, definitionName, undefined, signal)
    const [version] = (definition?.spec as { versions: [{ schema: { openAPIV3Schema: Schema } }] }).versions
    return version.schema.openAPIV3Schema
  }
  const served = async (isWrite: boolean): Promise<Schema> => {
    if (stale === undefined || stale.left <= 0) return current()
    if (isWrite) stale.left -= 1
    return stale.schema
  }
  const seen = async <T extends KubeObject | undefined>(object: T): Promise<T> =>
    object?.kind === 'NestedCluster' ? (prune(object, await served(false))) : object
  const checked = async (object: KubeObject, strict: boolean | undefined): Promise<KubeObject> => {
    if (object.kind !== 'NestedCluster') return object
    const schema = await served(true)
    const [wrong] = otherTypes(object, schema)
    if (wrong !== undefined) throw new KnestError('config', `memory: NestedCluster is invalid: ${wrong}`)
    const unknown = unknownFields(object, schema).map((path) => `unknown field "${path}"`)
    if (strict === true && unknown.length > 0)
      throw new KnestError('config', `memory: strict decoding error: ${unknown.join(', ')}`)
    return prune(object, schema)
  }
  return {
    ...api,
    get: async (kind, name, namespace, until) => seen(await api.get(kind, name, namespace, until)),
    list: async (kind, options) => Promise.all((await api.list(kind, options)).map(seen)),
    create: async (object, options) => seen(await api.create(await checked(object, options.strict), options)),
    replace: async (object, options) => {
      const { name, namespace } = object.metadata
      const wanted = await checked(object, options.strict)
      // The status is a subresource: PUT of the object leaves it alone.
      const status = (await api.get(object, name, namespace, signal))?.status as unknown
      return seen(await api.replace({ ...wanted, ...(status === undefined ? {} : { status }) }, options))
    },
    patch: async (...patch) => seen(await api.patch(...patch)),
    apply: async (object, options) => {
      if (object.kind !== definitionKind.kind) return api.apply(object, options)
      if (!mayDefine) throw new KnestError('not-permitted', 'memory: definitions may not be changed')
      if (servedAfter > 0) stale ??= { schema: await current(), left: servedAfter }
      const status = { conditions: [{ type: 'Established', status: 'True' }] }
      return api.apply({ ...object, status }, options)
    },
  }
}

function otherTypes(value: unknown, schema: Schema, path = ''): readonly string[] {
  const given = Array.isArray(value) ? 'array' : typeof value
  const { type } = schema
  const fits = type === undefined || type === given || (type === 'integer' && given === 'number')
  if (!fits) return [`${path} in body must be of type ${type}: "${given}"`]
  return children(value, schema).flatMap(({ name, child, at }) =>
    at === undefined ? [] : otherTypes(child, at, `${path}.${name}`),
  )
}

function unknownFields(value: unknown, schema: Schema, path = ''): readonly string[] {
  return children(value, schema).flatMap(({ name, child, at }) => {
    const place = path === '' ? name : `${path}.${name}`
    return at === undefined ? [place] : unknownFields(child, at, place)
  })
}

function prune<T>(value: T, schema: Schema): T {
  if (Array.isArray(value)) return value.map((item: unknown) => prune(item, schema.items ?? {})) as T
  if (!isFields(value)) return value
  const kept = children(value, schema).filter(({ at }) => at !== undefined)
  return Object.fromEntries(kept.map(({ name, child, at }) => [name, prune(child, at ?? {})])) as T
}

/** `at` is undefined for a field that the schema does not know. */
function children(
  value: unknown,
  schema: Schema,
): readonly { readonly name: string; readonly child: unknown; readonly at: Schema | undefined }[] {
  if (Array.isArray(value))
    return value.map((child: unknown, index) => ({ name: String(index), child, at: schema.items ?? {} }))
  if (!isFields(value)) return []
  const { properties, additionalProperties } = schema
  const isOpen =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    additionalProperties !== undefined ||
    properties === undefined
  return Object.entries(value).map(([name, child]) => ({
    name,
    child,
    at: properties?.[name] ?? (isOpen ? open : undefined),
  }))
}

const open: Schema = { 'x-kubernetes-preserve-unknown-fields': true }

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
