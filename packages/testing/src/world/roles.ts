import { clusterRules, hostRules, reservationRules } from '@knest/controller'
import { clusterRoleName, controllerAccount, reservationNamespace } from '@knest/core'
import type { KubeObject, PolicyRule } from '@knest/core'
import { hostKinds, kinds } from './host-kinds.js'
import { pluralOf } from './paths.js'
import type { Store } from './store.js'

const groups = new Map([
  // A server asks for the right before it finds that there is no such kind.
  ['Installation', 'operator.tigera.io'],
  ...hostKinds.map(({ apiVersion, kind }): [string, string] => [
    kind,
    apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
  ]),
])
const verbs: Readonly<Record<string, readonly string[]>> = {
  apply: ['patch', 'create'],
  try: ['create'],
  replace: ['update'],
  watch: ['list', 'watch'],
}

export interface Access {
  readonly verb: string
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

export interface Beyond {
  /** As in `delete pods in namespace default`. */
  readonly right: string
  /** It had it until the binding of a cluster went. */
  readonly isPast: boolean
}

/** What of a call the controller's roles do not permit; undefined when all of it is. */
export function beyondRoles(store: Store, call: string): Beyond | undefined {
  const access = accessOf(call)
  if (access === undefined) return undefined
  const needed = verbs[access.verb] ?? [access.verb]
  const beyond = needed.map((verb) => ({ ...access, verb })).find((each) => !isPermitted(store, each))
  if (beyond === undefined) return undefined
  const isOfCluster = beyond.namespace?.startsWith('knest-') === true
  const isPast = isOfCluster && clusterRules.some((rule) => permits(rule, beyond))
  return { right: rightOf(beyond), isPast }
}

function rightOf(beyond: Access): string {
  const { verb, group = '', resource, subresource, namespace } = beyond
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}`
  return `${verb} ${what}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`
}

/** Whether the controller's roles permit it. */
export function isPermitted(store: Store, access: Access): boolean {
  return rulesFor(store, access.namespace).some((rule) => permits(rule, access))
}

/** As the API server reads a request; undefined for what everybody may. */
function accessOf(call: string): Access | undefined {
  const [, pod] = /^exec (\S+)\//.exec(call) ?? []
  if (pod !== undefined) return { verb: 'create', resource: 'pods', subresource: 'exec', namespace: pod }
  const [, streaming] = /^stream (\S+?)\/virtualmachineinstances\//.exec(call) ?? []
  if (streaming !== undefined)
    return {
      ...{ verb: 'get', group: 'subresources.kubevirt.io', resource: 'virtualmachineinstances' },
      ...{ subresource: 'portforward', namespace: streaming },
    }
  const [, verb = '', kind = '', place = '', name = '', subresource] =
    /^(\w+) (\S+)(?: ([^/\s]*)\/([^/\s]*)(?:\/(\S+))?)?/.exec(call) ?? []
  // Of paths the server says itself what they need.
  if (['raw', 'DELETE', 'PUT'].includes(verb) || kind === 'SelfSubjectAccessReview') return undefined
  const namespace = kind === 'Namespace' ? name : place
  return {
    verb,
    group: groups.get(kind) ?? '',
    resource: pluralOf(kind),
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== '' && { namespace }),
    ...(name !== '' && { name }),
  }
}

/** A namespace has its own as long as somebody binds them there. */
function rulesFor(store: Store, namespace: string | undefined): readonly PolicyRule[] {
  const bound = namespace === undefined ? [] : store.list(kinds.roleBinding, { namespace })
  return [
    ...hostRules,
    ...(namespace === reservationNamespace ? reservationRules : []),
    ...(bound.some(isForController) ? clusterRules : []),
  ]
}

function isForController({ roleRef, subjects }: KubeObject): boolean {
  const { name } = roleRef as { readonly name: string }
  const to = subjects as readonly { readonly name: string; readonly namespace: string }[]
  return name === clusterRoleName && to.some((each) => each.name === controllerAccount.name)
}

function permits({ apiGroups, resources, verbs: given, resourceNames }: PolicyRule, access: Access): boolean {
  const { verb, group = '', resource, subresource, name = '' } = access
  return (
    apiGroups.includes(group) &&
    resources.includes(subresource === undefined ? resource : `${resource}/${subresource}`) &&
    given.includes(verb) &&
    (resourceNames === undefined || resourceNames.includes(name))
  )
}
