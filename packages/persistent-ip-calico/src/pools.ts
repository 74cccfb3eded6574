import { addressCount, formatRange, overlaps, parseCandidates, parseCidr, withoutAll } from '@knest/core'
import type { AddressRange, Cidr, KubeObject, Problem } from '@knest/core'

interface PoolSpec {
  readonly cidr?: string
  readonly disabled?: boolean
  readonly allowedUses?: readonly string[]
  readonly assignmentMode?: 'Automatic' | 'Manual'
  readonly nodeSelector?: string
}

interface Pool {
  readonly name: string
  readonly range: Cidr
  /** Calico assigns addresses of it only where a pod asks for one. */
  readonly onlyOnRequest: boolean
}

/** Calico searches for free addresses much longer when more of a pool is reserved. */
const mostReserved = 0.1

/** Candidates that Calico would refuse ("not in a configured pool"), and a pool that suffers. Pure. */
export function poolProblems(objects: readonly KubeObject[], texts: readonly string[]): readonly Problem[] {
  const candidates = parseCandidates(texts).ranges
  const pools = objects.flatMap(usablePool)
  const outside = candidates.flatMap((range) =>
    withoutAll(
      range,
      pools.map((pool) => pool.range),
    ),
  )
  if (outside.length > 0) return [outsideProblem(outside, objects, pools)]
  return pools.flatMap((pool) => crowded(pool, candidates))
}

function usablePool({ metadata, spec: given }: KubeObject): readonly Pool[] {
  const spec = (given ?? {}) as PoolSpec
  if (spec.cidr === undefined || spec.cidr.includes(':') || spec.disabled === true) return []
  if (spec.allowedUses !== undefined && spec.allowedUses.length > 0 && !spec.allowedUses.includes('Workload'))
    return []
  const onlyOnRequest = spec.assignmentMode === 'Manual' || spec.nodeSelector?.replace(/\s/g, '') === '!all()'
  return [{ name: metadata.name, range: parseCidr(spec.cidr), onlyOnRequest }]
}

function outsideProblem(
  outside: readonly AddressRange[],
  objects: readonly KubeObject[],
  pools: readonly Pool[],
): Problem {
  const unusable = objects.find(
    (object) =>
      usablePool(object).length === 0 && outside.some((range) => isInside(range, cidrOf(object) ?? '')),
  )
  const why = unusable === undefined ? '' : ` (IPPool "${unusable.metadata.name}" is not for pods now)`
  const names = pools.map(({ name, range }) => `"${name}" ${range.text}`).join(', ')
  return {
    message: `machine addresses ${outside.map(formatRange).join(', ')} are in no Calico IPPool that gives addresses to pods${why}`,
    hint: names === '' ? 'make an IPPool for them' : `choose them from IPPool ${names}, or make another pool`,
    severity: 'error',
  }
}

function crowded(
  { name, range, onlyOnRequest }: Pool,
  candidates: readonly AddressRange[],
): readonly Problem[] {
  const share = candidates
    .filter((candidate) => overlaps(candidate, range))
    .reduce((sum, { first, last }) => sum + Math.min(last, range.last) - Math.max(first, range.first) + 1, 0)
  if (onlyOnRequest || share <= addressCount(range) * mostReserved) return []
  return [
    {
      message: `${share} machine addresses are more than a tenth of Calico IPPool "${name}" ${range.text}, which slows its assignment down`,
      hint: 'make a small IPPool of their own with assignmentMode Manual (before Calico 3.31: nodeSelector "!all()")',
      severity: 'warning',
    },
  ]
}

function cidrOf(object: KubeObject): string | undefined {
  return (object.spec as PoolSpec | undefined)?.cidr
}

function isInside(range: AddressRange, cidr: string): boolean {
  return cidr !== '' && !cidr.includes(':') && overlaps(range, parseCidr(cidr))
}
