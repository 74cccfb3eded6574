import { kubectlCommand } from '../commands.js'
import type { KubeObject, SelectorRequirement } from '../contracts/kubernetes.js'
import type { Reason } from '../reasons.js'
import { parseInt64 } from '../values/index.js'
import type { NodeTerm, PodSpec, Toleration } from './pod-needs.js'

/** Why a node does not take a pod. */
export interface Obstacle {
  readonly reason: Reason
  /** As in `cordoned`, behind a number of nodes. */
  readonly text: string
  /** It may end by itself. */
  readonly mayPass: boolean
  readonly cure: string
}

interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

interface NodeView {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Set and taken away by Kubernetes itself, or by a cloud's controller when it knows a new node. */
const passing = /^(node\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io)\//
const cordon = 'node.kubernetes.io/unschedulable'
/** Pods have these tolerations by an admission plugin, for a while. */
const tolerable = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])

/** Why the node does not take such a pod, whatever room it has; undefined when it does. */
export function whyNot(node: KubeObject, pod: PodSpec): Obstacle | undefined {
  const { spec = {}, status = {} } = node as unknown as NodeView
  const { name } = node.metadata
  if (!isSelected(node, pod))
    return {
      reason: 'SelectorMatchesNone',
      text: 'without the labels that the nodes are to have',
      mayPass: false,
      cure: 'label a node of the host as spec.hostPatches asks for, or change the selector there',
    }
  const taints = (spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
  const isTolerated = (taint: Taint): boolean => (pod.tolerations ?? []).some((one) => tolerates(one, taint))
  const cordoned = spec.unschedulable === true || taints.some(({ key }) => key === cordon)
  if (cordoned && !isTolerated({ key: cordon, effect: 'NoSchedule' }))
    return {
      reason: 'NoSchedulableNode',
      text: 'cordoned',
      mayPass: false,
      cure: kubectlCommand('uncordon', name),
    }
  const barred = taints.find((taint) => !passing.test(taint.key) && !isTolerated(taint))
  if (barred !== undefined) {
    const text = `${barred.key}${barred.value === undefined || barred.value === '' ? '' : `=${barred.value}`}:${barred.effect}`
    return {
      reason: 'TaintNotTolerated',
      text: `with taint ${text}`,
      mayPass: false,
      cure: `take the taint away (${kubectlCommand('taint', 'nodes', name, `${barred.key}:${barred.effect}-`)}), or give the nodes a toleration in spec.hostPatches`,
    }
  }
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  if (ready !== undefined && ready.status !== 'True')
    return {
      reason: 'HostNodeNotReady',
      text: 'not Ready',
      mayPass: true,
      cure: `wait until it is Ready (${kubectlCommand('describe', 'node', name)})`,
    }
  const sick = taints.find((taint) => !tolerable.has(taint.key) && !isTolerated(taint))
  return sick === undefined
    ? undefined
    : {
        reason: 'HostNodeNotReady',
        text: `with ${sick.key}`,
        mayPass: true,
        cure: `see ${kubectlCommand('describe', 'node', name)}`,
      }
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== '' && effect !== taint.effect) return false
  if (key === undefined || key === '') return operator === 'Exists'
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))
}

function isSelected(node: KubeObject, { nodeSelector = {}, affinity }: PodSpec): boolean {
  const labels = node.metadata.labels ?? {}
  if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return terms === undefined || terms.some((term) => isTerm(node, term))
}

/** A term without anything in it fits no node. */
function isTerm({ metadata }: KubeObject, { matchExpressions = [], matchFields = [] }: NodeTerm): boolean {
  const fields = { 'metadata.name': metadata.name }
  return (
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((one) => isMet(one, metadata.labels ?? {})) &&
    matchFields.every((one) => isMet(one, fields))
  )
}

/** One requirement of a selector, with the operators of node selectors, which are more than those of labels. Pure. */
export function isMet(
  { key, operator, values = [] }: SelectorRequirement,
  has: Readonly<Record<string, string>>,
): boolean {
  const value = has[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isSmaller(values[0], value)
    case 'Lt':
      return isSmaller(value, values[0])
    default:
      return true
  }
}

/** The scheduler compares whole numbers, and takes nothing else for one. */
function isSmaller(one = '', other = ''): boolean {
  const [left, right] = [parseInt64(one), parseInt64(other)]
  return left !== undefined && right !== undefined && left < right
}
