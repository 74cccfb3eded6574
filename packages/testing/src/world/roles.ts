import { controllerRules } from '@knest/controller'
import { hostKinds } from './host-kinds.js'

const groups = new Map(
  hostKinds.map(({ apiVersion, kind }) => [
    kind,
    apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
  ]),
)
const verbs: Readonly<Record<string, readonly string[]>> = {
  apply: ['patch', 'create'],
  try: ['create'],
  replace: ['update'],
  watch: ['list', 'watch'],
}

/** What of a call the controller's role does not permit; undefined when all of it is. */
export function beyondRole(call: string): string | undefined {
  const [, verb = '', kind = '', subresource] =
    /^(\w+) (\S+)(?: [^/\s]*\/[^/\s]+(?:\/(\S+))?)?/.exec(call) ?? []
  if (verb === 'raw' || kind === 'SelfSubjectAccessReview') return undefined
  if (verb === 'exec') return missing('create', '', 'pods/exec')
  const resource = `${pluralOf(kind)}${subresource === undefined ? '' : `/${subresource}`}`
  const needed = verbs[verb] ?? [verb]
  return needed
    .map((each) => missing(each, groups.get(kind) ?? '', resource))
    .find((said) => said !== undefined)
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase()
  return name.endsWith('s') ? `${name}es` : `${name}s`
}

function missing(verb: string, group: string, resource: string): string | undefined {
  const isGiven = controllerRules.some(
    ({ apiGroups, resources, verbs: given }) =>
      apiGroups.includes(group) && resources.includes(resource) && given.includes(verb),
  )
  return isGiven ? undefined : `${verb} ${resource}${group === '' ? '' : `.${group}`}`
}
