import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { parseInt64 } from '../values/index.js'

/** Reads what is there and may be read. Every other failure (no connection, cancelled) is thrown. */
export interface HostReader {
  get(kind: KindRef, name: string, namespace?: string): Promise<KubeObject | undefined>
  /** All namespaces when none is named. */
  list(kind: KindRef, namespace?: string): Promise<readonly KubeObject[]>
  /** What could not be read for lack of permission, as in `ConfigMap kube-system/kubeadm-config`. */
  readonly denied: readonly string[]
}

export function createHostReader(api: KubeApi, signal: AbortSignal): HostReader {
  const denied: string[] = []
  const tolerate = async <T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      if (error.code === 'not-permitted') denied.push(what)
      else if (error.code !== 'not-found') throw error
      return otherwise
    }
  }
  return {
    denied,
    get: (kind, name, namespace) =>
      tolerate(
        `${kind.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
        () => api.get(kind, name, namespace, signal),
        undefined,
      ),
    list: (kind, namespace) =>
      tolerate<readonly KubeObject[]>(
        `${kind.kind}s${namespace === undefined ? '' : ` of ${namespace}`}`,
        () => api.list(kind, { signal, namespace }),
        [],
      ),
  }
}

/** A value inside an object of unknown shape; undefined where the path ends early. */
export function at(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    object,
  )
}

export function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const value = at(object, ...path)
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function listAt(object: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = at(object, ...path)
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** A whole number, as text too. */
export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = parseInt64(textAt(object, ...path) ?? '')
  return value === undefined ? undefined : Number(value)
}
