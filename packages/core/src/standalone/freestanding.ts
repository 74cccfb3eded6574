import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'

interface Meta {
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * An object without what ties it to knest's record and says that knest manages it: it belongs to who applies
 * it. Fields that hold nothing go as well, since the API server drops them, which would look like drift.
 */
export function freestanding(object: KubeObject): KubeObject {
  const { ownerReferences: _, ...metadata } = object.metadata
  const spec = object.spec as { readonly template?: { readonly metadata?: Meta } } | undefined
  const template = spec?.template
  return withoutEmpty({
    ...object,
    metadata: unmanaged(metadata),
    ...(template === undefined
      ? {}
      : { spec: { ...spec, template: { ...template, metadata: unmanaged(template.metadata ?? {}) } } }),
  }) as KubeObject
}

function unmanaged<T extends Meta>(metadata: T): T {
  if (metadata.labels === undefined) return metadata
  const { [labels.managedBy]: _, ...kept } = metadata.labels
  return { ...metadata, labels: kept }
}

/** `emptyDir: {}` means something: only lists and objects in places where nothing is the same stay away. */
const mayBeEmpty = ['hostAliases', 'annotations', 'ownerReferences']

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, child]) => !(mayBeEmpty.includes(name) && isEmpty(child)) && child !== undefined)
      .map(([name, child]) => [name, withoutEmpty(child)]),
  )
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
