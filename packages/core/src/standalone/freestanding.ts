import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'

interface Meta {
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * An object without what ties it to knest's record and says that knest manages it: it belongs to who applies
 * it. Lists and objects that are empty go where the API server drops them, which would look like drift.
 */
export function freestanding(object: KubeObject): KubeObject {
  const { template } = (object.spec ?? {}) as { readonly template?: { readonly metadata?: Meta } }
  const withTemplate =
    template === undefined
      ? object
      : {
          ...object,
          spec: { ...object.spec, template: { ...template, metadata: unmanaged(template.metadata ?? {}) } },
        }
  return withoutDropped({ ...withTemplate, metadata: unmanaged(object.metadata) }) as KubeObject
}

function unmanaged<T extends Meta>(metadata: T): T {
  if (metadata.labels === undefined) return metadata
  const kept = Object.entries(metadata.labels).filter(([name]) => name !== labels.managedBy)
  return { ...metadata, labels: Object.fromEntries(kept) }
}

function withoutDropped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDropped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, child]) => !isDropped(name, child))
      .map(([name, child]) => [name, withoutDropped(child)]),
  )
}

/** Not all that is empty: `emptyDir: {}` means something. */
function isDropped(name: string, child: unknown): boolean {
  if (child === undefined || name === 'ownerReferences') return true
  const isEmpty = typeof child === 'object' && child !== null && Object.keys(child).length === 0
  return isEmpty && (name === 'hostAliases' || name === 'annotations')
}
