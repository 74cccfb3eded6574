import type { KubeObject, SelectorRequirement } from '../contracts/kubernetes.js'
import { pieces, quantityNanos } from '../values/index.js'

/** Amounts by resource, as `cpu` or `memory`, in billionths of a core, byte or piece: sums of them are exact. */
export type Amounts = Readonly<Record<string, bigint>>

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
  readonly matchExpressions?: readonly SelectorRequirement[]
  readonly matchFields?: readonly SelectorRequirement[]
}

export function podSpecOf(pod: KubeObject): PodSpec {
  return (pod.spec ?? {}) as PodSpec
}

/** What nobody can read counts as nothing. */
export function amount(quantity: string | number | undefined): bigint {
  if (quantity === undefined) return 0n
  try {
    return quantityNanos(String(quantity))
  } catch {
    return 0n
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
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0n) + (other[name] ?? 0n)]))
}

function largest(all: readonly Amounts[]): Amounts {
  const names = new Set(all.flatMap((each) => Object.keys(each)))
  return Object.fromEntries([...names].map((name) => [name, most(all.map((each) => each[name] ?? 0n))]))
}

/** The largest of them, and nothing when there are none. */
export function most(values: readonly bigint[]): bigint {
  return values.reduce((largest, value) => (value > largest ? value : largest), 0n)
}

/** As in `500m`, `1.5Gi`, `3`: what people write. */
export function written(resource: string, value: bigint): string {
  if (!/memory|storage|hugepages/.test(resource)) return inDecimals(value)
  const bytes = Number(value) / Number(pieces(1))
  for (const [unit, factor] of [
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const)
    if (Math.abs(bytes) >= factor) return `${Math.round((bytes / factor) * 10) / 10}${unit}`
  return String(bytes)
}

/** Exactly, in the largest unit that keeps it whole. */
function inDecimals(value: bigint): string {
  for (const [unit, parts] of [
    ['', 1n],
    ['m', 1_000n],
    ['u', 1_000_000n],
  ] as const) {
    const one = pieces(1) / parts
    if (value % one === 0n) return `${value / one}${unit}`
  }
  return `${value}n`
}
