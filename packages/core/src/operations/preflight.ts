import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { RunOptions } from '../contracts/run-options.js'
import type { Progress } from '../contracts/progress.js'
import { backendsOf } from '../observe/backends.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError, PreflightError } from '../errors.js'
import type { Problem } from '../errors.js'
import { renderCni } from '../addons/index.js'
import { decideAddressKeeping, addressProblems, onlyVms } from '../addresses/node-addresses.js'
import { readRegistries } from '../registries/index.js'
import { sourceProblems } from './settings-sources.js'
import { chooseTunnel, findOverlaps } from '../network/index.js'

export interface PreflightResult {
  readonly problems: readonly Problem[]
  /** The desired spec with everything decided that depends on the host. */
  readonly resolved: ClusterSpec
}

/** Looks at host, network and backends for everything that would make a create fail. Changes nothing. */
export async function runPreflight(
  parts: Parts,
  ref: ClusterRef,
  spec: ClusterSpec,
  { signal, progress }: Pick<RunOptions, 'signal' | 'progress'>,
): Promise<PreflightResult> {
  const backends = await backendsOf(parts, { spec })
  const [facts, sources, ...found] = await Promise.all([
    parts.home.inspect(spec, ref, signal),
    sourceProblems(parts, ref, spec, signal),
    ...backends.map((backend) => backend.preflight(spec, signal, ref)),
    cniProblems(spec, (text) => progress.note(text), signal),
  ])
  const tunnel = chooseTunnel(facts, spec.network)
  const serviceType = spec.endpoint.serviceType === 'auto' ? facts.serviceType : spec.endpoint.serviceType
  const vmsKeepTheirs = spec.persistence.enabled && onlyVms(spec) && (await parts.keepsVmAddresses?.(signal))
  const reservations = decideAddressKeeping(spec, facts.cni, vmsKeepTheirs === true)
  if (reservations.statement !== undefined) progress.note(reservations.statement)
  const resolved = {
    ...reservations.spec,
    network: { ...spec.network, vxlanPort: tunnel.vxlanPort, mtu: tunnel.mtu },
    endpoint: { serviceType },
  }
  const objects = backends.flatMap((backend) => backend.hostObjects?.(ref, resolved) ?? [])
  const [addresses, registries, tried] = await Promise.all([
    addressProblems(parts, ref, reservations.spec, signal),
    readRegistries(parts.home, ref, spec, signal),
    parts.home.tryObjects?.(resolved, ref, objects, signal) ?? [],
  ])
  return {
    problems: distinct([
      ...findOverlaps(spec.network, facts.occupied),
      ...facts.problems,
      ...tunnel.problems,
      ...sources,
      ...found.flat(),
      ...reservations.problems,
      ...addresses,
      ...registries.problems,
      ...tried,
    ]),
    resolved,
  }
}

/** Backends look at the same host: nothing is said twice, and what stops a create comes first. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  const byText = new Map(problems.map((problem) => [problem.message, problem] as const))
  const all = [...byText.values()]
  return [...all.filter(isError), ...all.filter((problem) => !isError(problem))]
}

export function isError({ severity }: Problem): boolean {
  return severity === 'error'
}

/** What ends by itself is no error for who can wait. */
export function passing(problem: Problem): Problem {
  return problem.mayPass === true ? { ...problem, severity: 'warning' } : problem
}

/** Warnings are shown. Throws a PreflightError when one of the problems is an error. */
export function refuseErrors(problems: readonly Problem[], progress: Pick<Progress, 'warn'>): void {
  for (const { message, hint } of problems.filter(({ severity }) => severity === 'warning'))
    progress.warn(`${message}; ${hint}`)
  const errors = problems.filter(isError)
  if (errors.length > 0) throw new PreflightError('prerequisite', errors)
}

/** A manifest that is missing or is another one must show before anything is created. */
async function cniProblems(
  { network }: ClusterSpec,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  try {
    await renderCni(network, { controlPlaneEndpoint: 'preflight.invalid:6443', note, signal })
    return []
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    return [
      { severity: 'error', message: error.message, hint: error.hint ?? 'choose another CNI with --cni' },
    ]
  }
}
