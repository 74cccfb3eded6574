import { isMet } from '../admission/index.js'
import type { KubeObject, LabelSelector } from '../contracts/kubernetes.js'

interface Peer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: { readonly cidr: string }
}

interface Policy {
  readonly podSelector?: LabelSelector
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly object[] }[]
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly object[] }[]
}

interface Pod {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The policies that together keep such pods from reaching each other; none where one of them lets them, or where that
 * hangs on addresses or ports. What says all ports counts. Pure.
 */
export function blockingPolicies(policies: readonly KubeObject[], pod: Pod): readonly KubeObject[] {
  const own = policies.filter(({ spec }) => fits((spec as Policy | undefined)?.podSelector, pod.labels))
  const blocked = (['Ingress', 'Egress'] as const).flatMap((direction) => {
    const selecting = own.filter((policy) => typesOf(policy).includes(direction))
    return selecting.some((policy) => permits(policy, direction, pod)) ? [] : selecting
  })
  return [...new Set(blocked)]
}

/** As the API server fills them in. */
function typesOf({ spec }: KubeObject): readonly string[] {
  const { policyTypes, egress } = (spec ?? {}) as Policy
  return policyTypes ?? (egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'])
}

function permits({ spec }: KubeObject, direction: 'Ingress' | 'Egress', pod: Pod): boolean {
  const { ingress = [], egress = [] } = (spec ?? {}) as Policy
  const rules =
    direction === 'Ingress'
      ? ingress.map(({ from, ports }) => ({ peers: from, ports }))
      : egress.map(({ to, ports }) => ({ peers: to, ports }))
  return rules.some(({ peers = [] }) => peers.length === 0 || peers.some((peer) => isPeer(peer, pod)))
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, { namespace, labels }: Pod): boolean {
  // Whether today's addresses are in it is not looked at.
  if (ipBlock !== undefined) return true
  const ofNamespace = { 'kubernetes.io/metadata.name': namespace }
  const isThere = namespaceSelector === undefined || mayFit(namespaceSelector, ofNamespace)
  return isThere && (podSelector === undefined || fits(podSelector, labels))
}

/** Other labels of the namespace are not known: they may fit. */
function mayFit(selector: LabelSelector, known: Readonly<Record<string, string>>): boolean {
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map(({ key }) => key),
  ]
  return keys.some((key) => !(key in known)) || fits(selector, known)
}

function fits(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((one) => isMet(one, labels))
  )
}
