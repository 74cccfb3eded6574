import { KnestError } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'
import type { PolicyRule } from '@knest/controller'

/**
 * The API as it answers somebody who has these rights and no others: `not-permitted` before anything is done. `refused`
 * hears what was missing. Reviews of one's own rights and discovery are everybody's.
 */
export function withRights(
  api: KubeApi,
  rules: readonly PolicyRule[],
  refused: (right: string) => void = () => undefined,
): KubeApi {
  const demand = async <T>(
    { apiVersion, kind }: KindRef,
    verbs: readonly string[],
    subresource: string | undefined,
    work: () => Promise<T>,
  ): Promise<T> => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    const resource = pluralOf(kind) + (subresource === undefined ? '' : `/${subresource}`)
    for (const verb of verbs) {
      const isAllowed = rules.some(
        (rule) =>
          rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb),
      )
      if (isAllowed) continue
      const right = `${verb} ${resource}${group === '' ? '' : `.${group}`}`
      refused(right)
      throw new KnestError('not-permitted', `${api.description}: its user may not ${right}`)
    }
    return work()
  }
  const kindOf = ({ apiVersion, kind }: KubeObject): KindRef => ({ apiVersion, kind })
  const pod = { apiVersion: 'v1', kind: 'Pod' }

  return {
    ...api,
    // Server-side apply of an object that is not there asks for both.
    apply: (object, options) =>
      demand(kindOf(object), ['patch', 'create'], undefined, () => api.apply(object, options)),
    create: (object, options) =>
      demand(kindOf(object), ['create'], undefined, () => api.create(object, options)),
    replace: (object, options) =>
      demand(kindOf(object), ['update'], undefined, () => api.replace(object, options)),
    patch: (kind, name, namespace, patch, options) =>
      demand(kind, ['patch'], options.subresource, () => api.patch(kind, name, namespace, patch, options)),
    get: (kind, name, namespace, signal) =>
      demand(kind, ['get'], undefined, () => api.get(kind, name, namespace, signal)),
    list: (kind, options) => demand(kind, ['list'], undefined, () => api.list(kind, options)),
    delete: (kind, name, namespace, options) =>
      demand(kind, ['delete'], undefined, () => api.delete(kind, name, namespace, options)),
    waitFor: (kind, selector, done, options) =>
      demand(kind, ['list', 'watch'], undefined, () => api.waitFor(kind, selector, done, options)),
    exec: (ref, argv, options) => demand(pod, ['create'], 'exec', () => api.exec(ref, argv, options)),
    terminal: (ref, argv, streams, signal) =>
      demand(pod, ['create'], 'exec', () => api.terminal(ref, argv, streams, signal)),
    forward: (ref, port, signal) =>
      demand(pod, ['create'], 'portforward', () => api.forward(ref, port, signal)),
  }
}

function pluralOf(kind: string): string {
  const word = kind.toLowerCase()
  return word.endsWith('s') ? `${word}es` : `${word}s`
}
