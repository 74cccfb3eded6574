import { kubectlCommand } from '../commands.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { Reason } from '../reasons.js'
import type { Finding } from './findings.js'
import { ownerOf } from './objects.js'

/** What else is looked at, and so said by others in numbers and with flags. */
export interface Known {
  readonly limitRanges: boolean
  readonly quotas: boolean
  /** Level of the namespace's own label. */
  readonly podSecurity: string | undefined
}

interface Row {
  readonly reason?: Reason
  readonly pattern: RegExp
  /** Nothing to say, or said already. */
  readonly isKnown?: (known: Known) => boolean
  readonly hint?: (ref: ClusterRef) => string
}

const ofRights = /cannot (create|patch|update|get) resource/
const always = (): boolean => true
const elsewhere = 'or choose another namespace with -n'

/** Answers of an API server to a dry run; the first row that fits counts. */
const table: readonly Row[] = [
  // StatefulSets make the pods, and other rights are asked for by name.
  { pattern: ofRights, isKnown: always },
  { pattern: /does not support dry ?run/i, isKnown: always },
  // Made a moment after the namespace.
  {
    pattern:
      /serviceaccount "default" not found|error looking up service account \S+\/default:|status unknown for quota/,
    isKnown: always,
  },
  {
    reason: 'PodSecurityForbids',
    pattern: /violates PodSecurity "(\w+)/,
    isKnown: ({ podSecurity }) => podSecurity !== undefined && podSecurity !== 'privileged',
    hint: ({ namespace }) =>
      `${kubectlCommand('label', '--overwrite', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=privileged')}, ${elsewhere}`,
  },
  {
    reason: 'PodSecurityForbids',
    pattern: /unable to validate against any security context constraint/,
    hint: ({ namespace }) =>
      `oc adm policy add-scc-to-user privileged -z default -n ${namespace}, ${elsewhere}`,
  },
  {
    reason: 'QuotaExceeded',
    pattern: /exceeded quota|must specify/,
    isKnown: ({ quotas }) => quotas,
    hint: ({ namespace }) =>
      `have the quota of namespace "${namespace}" raised, make fewer or smaller nodes, ${elsewhere}`,
  },
  {
    reason: 'LimitRangeForbids',
    pattern:
      /(maximum|minimum) .* usage per (Container|Pod|PersistentVolumeClaim)|max limit to request ratio per/,
    isKnown: ({ limitRanges }) => limitRanges,
    hint: () =>
      `make the nodes as large as it permits (--control-plane-machine-memory-size, --worker-machine-memory-size and the like), ${elsewhere}`,
  },
  {
    reason: 'HostWebhookDown',
    pattern: /failed calling webhook|failed to call webhook/,
    hint: () => 'that webhook of the host does not answer: have it mended, then run the command again',
  },
  {
    pattern:
      /no PriorityClass with name|RuntimeClass|is invalid:|unknown field|strict decoding error|cannot unmarshal/,
    hint: () => 'correct what spec.hostPatches makes of it',
  },
  {
    reason: 'SelectorMatchesNone',
    pattern: /node label selector conflicts|node selector/,
    hint: () => `change the nodeSelector in spec.hostPatches, ${elsewhere}`,
  },
]

/** What a refused dry run means, with what to do; undefined when it means nothing, or is said otherwise. Pure. */
export function refusalProblem(
  ref: ClusterRef,
  object: KubeObject,
  said: string,
  known: Known,
): Finding | undefined {
  const row = table.find(({ pattern }) => pattern.test(said))
  if (row?.isKnown?.(known) === true) return undefined
  const hint = row?.hint?.(ref) ?? `allow it there in that policy, ${elsewhere}`
  const where = object.kind === 'Namespace' ? 'the host' : `namespace "${ref.namespace}"`
  const { name } = object.metadata
  return {
    reason: row === undefined ? 'PolicyRefuses' : (row.reason ?? 'HostUnfit'),
    severity: 'error',
    whose: ownerOf(object),
    name,
    message: `${where} does not admit ${ownerOf(object)}: ${said}`,
    hint,
  }
}

/** The one who asks may not make such objects, whatever they are. */
export function isOfRights(said: string): boolean {
  return ofRights.test(said)
}
