import type { BackendName, ControlPlaneGroup, MachineSpec, Taint, WorkerPool } from '../contracts/cluster.js'
import { controlPlanePool, maxPoolNameLength, nodeName } from '../names.js'
import * as defaults from '../defaults.js'
import {
  formatBytes,
  labelFault,
  labelKeyFault,
  labelValueFault,
  nodeLabelFault,
  parseBytes,
  parseCpuCores,
} from '../values/index.js'
import type { ProblemList } from './problem-list.js'
import { resolveHostPod } from './resolve-host-pod.js'
import type { ClusterInput, WorkerPoolInput } from './schema.js'

export function resolveControlPlane(
  input: ClusterInput['controlPlane'],
  context: { readonly force: boolean; readonly backend: BackendName },
  problems: ProblemList,
): ControlPlaneGroup {
  const count = input?.count ?? defaults.defaultControlPlaneCount
  const fault = controlPlaneCountFault(count, context.force)
  if (fault !== undefined) problems.error(fault.message, fault.hint)
  const backend = input?.backend ?? context.backend
  const { labels } = input ?? {}
  if (labels !== undefined) checkLabels('the control plane', labels, problems)
  const machine = resolveMachine(
    'control-plane',
    input?.machine,
    backend,
    backend === 'vm' ? defaults.minVmControlPlaneMemory : defaults.minControlPlaneMemory,
    problems,
  )
  const of = { what: 'the control plane', backend, machine }
  return {
    count,
    backend,
    machine,
    ...(labels !== undefined && { labels }),
    ...resolveHostPod(input?.hostPod, of, problems),
  }
}

/** An empty list gives one pool without nodes, so that `scale` has something to grow. */
export function resolveWorkers(
  { workers, replicas }: Pick<ClusterInput, 'workers' | 'replicas'>,
  backend: BackendName,
  problems: ProblemList,
): WorkerPool[] {
  const wanted = workers ?? [{}]
  const [first, ...others] = wanted.length === 0 ? [{ count: 0 }] : wanted
  const pools = [replicas === undefined ? { ...first } : { ...first, count: replicas }, ...others]
  const resolved = pools.map((pool) => resolvePool(pool, backend, problems))
  const seen = new Set<string>()
  for (const { name } of resolved) {
    if (seen.has(name)) problems.error(`worker pool "${name}" is there twice`, 'give every pool its own name')
    seen.add(name)
  }
  const fault = totalWorkersFault(resolved.reduce((sum, pool) => sum + (pool.count > 0 ? pool.count : 0), 0))
  if (fault !== undefined) problems.error(fault.message, fault.hint)
  return resolved
}

/**
 * A node's StatefulSet names its pods' revision label after itself and a hash of up to ten characters,
 * and a label holds 63 (kubernetes/kubernetes#64023).
 */
const maxNodeNameLength = 52

export function checkNodeNames(
  cluster: string | undefined,
  pools: readonly WorkerPool[],
  problems: ProblemList,
): void {
  for (const pool of pools) {
    const name = nodeName(cluster ?? '', pool.name, defaults.maxWorkerCount - 1)
    if (cluster === undefined || name.length <= maxNodeNameLength) continue
    problems.error(
      `names of nodes such as "${name}" have ${name.length} characters, ${maxNodeNameLength} are allowed`,
      'use a shorter cluster or pool name',
    )
  }
}

interface Fault {
  readonly message: string
  readonly hint: string
}

export function controlPlaneCountFault(count: number, force: boolean): Fault | undefined {
  const max = defaults.maxControlPlaneCount
  if (!Number.isInteger(count)) {
    return { message: `control-plane count ${count} is not a whole number`, hint: 'use 1, 3 or 5' }
  }
  if (count < 1) {
    return { message: `control-plane count ${count} is below 1`, hint: 'a cluster needs one; use 1, 3 or 5' }
  }
  if (count > max) {
    return {
      message: `control-plane count ${count} is above ${max}: etcd gets slower with every member`,
      hint: 'use 1, 3 or 5',
    }
  }
  if (count % 2 === 0 && !force) {
    return {
      message: `control-plane count ${count} is even: etcd then survives no more failures than with ${count - 1}`,
      hint: `use ${count - 1} or ${count + 1}, or --force`,
    }
  }
  return undefined
}

export function workerCountFault(what: string, count: number): Fault | undefined {
  if (Number.isInteger(count) && count >= 0) return undefined
  return {
    message: `${what} ${count} is ${Number.isInteger(count) ? 'below 0' : 'not a whole number'}`,
    hint: `use a whole number from 0 to ${defaults.maxWorkerCount}`,
  }
}

export function totalWorkersFault(total: number): Fault | undefined {
  if (total <= defaults.maxWorkerCount) return undefined
  return {
    message: `worker count ${total} is above ${defaults.maxWorkerCount}, more than one host is known to carry`,
    hint: `use at most ${defaults.maxWorkerCount}`,
  }
}

function resolvePool(input: WorkerPoolInput, defaultBackend: BackendName, problems: ProblemList): WorkerPool {
  const name = input.name ?? defaults.defaultPoolName
  const what = `worker pool "${name}"`
  const nameFault = labelFault(name, maxPoolNameLength, /^[a-z]/)
  if (nameFault !== undefined) {
    problems.error(
      `${what} ${nameFault}`,
      `use 1 to ${maxPoolNameLength} lower-case letters, digits and "-", beginning with a letter`,
    )
  }
  if (name === controlPlanePool || name === 'control-plane') {
    problems.error(`${what} has the name of the control plane's own nodes`, 'use another name')
  }
  const count = input.count ?? defaults.defaultWorkerCount
  const fault = workerCountFault(
    name === defaults.defaultPoolName ? 'worker count' : `count of ${what}`,
    count,
  )
  if (fault !== undefined) problems.error(fault.message, fault.hint)
  const labels = input.labels ?? {}
  checkLabels(what, labels, problems)
  const taints = input.taints ?? []
  checkTaints(what, taints, problems)
  const backend = input.backend ?? defaultBackend
  const minMemory = backend === 'vm' ? defaults.minVmWorkerMemory : defaults.minWorkerMemory
  const machine = resolveMachine(what, input.machine, backend, minMemory, problems)
  return {
    name,
    count,
    backend,
    machine,
    labels,
    taints: taints.map((taint) => ({
      key: taint.key,
      ...(taint.value === undefined ? {} : { value: taint.value }),
      effect: taint.effect,
    })),
    ...resolveHostPod(input.hostPod, { what, backend, machine }, problems),
  }
}

function resolveMachine(
  what: string,
  input: { readonly [field in keyof MachineSpec]?: string | number | undefined } | undefined,
  backend: BackendName,
  minMemory: number,
  problems: ProblemList,
): MachineSpec {
  const machine = {
    cpuCores: resolveCores(what, input?.cpuCores ?? defaults.defaultMachine.cpuCores, backend, problems),
    memorySize: String(input?.memorySize ?? defaults.defaultMachine.memorySize),
    rootfsSize: String(input?.rootfsSize ?? defaults.defaultMachine.rootfsSize),
  }
  checkSize(`memory size of ${what}`, machine.memorySize, minMemory, defaults.maxMemory, problems)
  checkSize(`rootfs size of ${what}`, machine.rootfsSize, defaults.minRootfs, defaults.maxRootfs, problems)
  return machine
}

function resolveCores(
  what: string,
  given: string | number,
  backend: BackendName,
  problems: ProblemList,
): number {
  const cores = problems.try(`CPU cores of ${what}`, () => parseCpuCores(String(given)))
  if (cores === undefined) return defaults.defaultMachine.cpuCores
  const { minCpuCores: min, maxCpuCores: max } = defaults
  if (cores < min || cores > max) {
    problems.error(`CPU cores of ${what} are ${cores}`, `use a number from ${min} to ${max}`)
  } else if (backend === 'vm' && !Number.isInteger(cores)) {
    problems.error(`CPU cores of ${what} are ${cores}, but a VM has whole cores`, `use ${Math.ceil(cores)}`)
  }
  return cores
}

function checkSize(what: string, text: string, min: number, max: number, problems: ProblemList): void {
  const bytes = problems.try(what, () => parseBytes(text))
  if (bytes === undefined || (bytes >= min && bytes <= max)) return
  const milli = /^(\d+)m$/.exec(text)?.[1]
  problems.error(
    `${what} "${text}" is ${bytes < min ? 'too small' : 'too large'}`,
    milli === undefined
      ? `use ${formatBytes(min)} to ${formatBytes(max)}, as in 4Gi`
      : `"m" means thousandths of a byte; did you mean "${milli}Mi"?`,
  )
}

function checkLabels(what: string, labels: Readonly<Record<string, string>>, problems: ProblemList): void {
  for (const [key, value] of Object.entries(labels)) {
    const keyFault = labelKeyFault(key) ?? nodeLabelFault(key)
    if (keyFault !== undefined) problems.error(`label "${key}" of ${what} ${keyFault}`, syntaxHint)
    const valueFault = labelValueFault(value)
    if (valueFault !== undefined) {
      problems.error(`value "${value}" of label "${key}" of ${what} ${valueFault}`, syntaxHint)
    }
  }
}

function checkTaints(
  what: string,
  taints: readonly { key: string; value?: string | undefined; effect: Taint['effect'] }[],
  problems: ProblemList,
): void {
  const seen = new Set<string>()
  for (const { key, value = '', effect } of taints) {
    const fault = labelKeyFault(key) ?? labelValueFault(value)
    if (fault !== undefined)
      problems.error(`taint "${key}=${value}:${effect}" of ${what} ${fault}`, syntaxHint)
    if (seen.has(`${key}:${effect}`)) {
      problems.error(`taint "${key}" of ${what} has effect ${effect} twice`, 'keep one of them')
    }
    seen.add(`${key}:${effect}`)
  }
}

const syntaxHint = 'write it as Kubernetes does, as in example.com/gpu=true'
