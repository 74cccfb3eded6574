import type { KubeObject } from '../contracts/kubernetes.js'
import { parseQuantity } from '../spec/index.js'

/** Amounts by resource, as `cpu` or `memory`, in cores, bytes or pieces. */
export type Amounts = Readonly<Record<string, number>>

export interface Needs {
  readonly requests: Amounts
  readonly limits: Amounts
}

export interface Container {
  readonly name: string
  readonly restartPolicy?: string
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities }
}

export type Quantities = Readonly<Record<string, string | number>>

export interface PodSpec {
  readonly containers?: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly overhead?: Quantities
  readonly priorityClassName?: string
  readonly activeDeadlineSeconds?: number
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly tolerations?: readonly Toleration[]
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms?: readonly NodeTerm[]
      }
    }
  }
}

export interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
}

export interface NodeTerm {
  readonly matchExpressions?: readonly Expression[]
  readonly matchFields?: readonly Expression[]
}

export interface Expression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

export function podSpecOf(pod: KubeObject): PodSpec {
  return (pod.spec ?? {}) as PodSpec
}

/** What nobody can read counts as nothing. */
export function amount(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0
  try {
    return parseQuantity(String(quantity))
  } catch {
    return 0
  }
}

export function amounts(quantities: Quantities = {}): Amounts {
  return Object.fromEntries(Object.entries(quantities).map(([name, value]) => [name, amount(value)]))
}

/** Limits, and requests where there are none of a resource: its limit, as the API server sets it. */
export function containerNeeds({ resources = {} }: Container): Needs {
  const limits = amounts(resources.limits)
  return { limits, requests: { ...limits, ...amounts(resources.requests) } }
}

/** What a pod takes: all of its containers at once, or the largest of those that run before them. */
export function podNeeds(spec: PodSpec): Needs {
  const initContainers = spec.initContainers ?? []
  const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always'
  const together = [...(spec.containers ?? []), ...initContainers.filter(isSidecar)].map(containerNeeds)
  const before = initContainers.filter((one) => !isSidecar(one)).map(containerNeeds)
  const overhead = amounts(spec.overhead)
  const of = (which: keyof Needs): Amounts =>
    plus(
      largest([sum(together.map((needs) => needs[which])), ...before.map((needs) => needs[which])]),
      overhead,
    )
  return { requests: of('requests'), limits: of('limits') }
}

function sum(all: readonly Amounts[]): Amounts {
  return all.reduce(plus, {})
}

export function plus(one: Amounts, other: Amounts): Amounts {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]))
}

function largest(all: readonly Amounts[]): Amounts {
  const names = new Set(all.flatMap((each) => Object.keys(each)))
  return Object.fromEntries([...names].map((name) => [name, Math.max(...all.map((each) => each[name] ?? 0))]))
}

/** As in `500m`, `1.5Gi`, `3`: what people write. */
export function written(resource: string, value: number): string {
  const isBytes = /memory|storage|hugepages/.test(resource)
  if (!isBytes) return Number.isInteger(value) ? String(value) : `${Math.ceil(value * 1000)}m`
  for (const [unit, factor] of [
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const)
    if (Math.abs(value) >= factor) return `${Math.round((value / factor) * 10) / 10}${unit}`
  return String(value)
}
