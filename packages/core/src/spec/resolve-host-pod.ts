import type { BackendName, HostPod, HostToleration, MachineSpec } from '../contracts/cluster.js'
import {
  labelKeyFault,
  labelValueFault,
  parseBytes,
  parseMillicores,
  subdomainFault,
} from '../values/index.js'
import type { ProblemList } from './problem-list.js'
import type { HostPodInput } from './schema.js'

interface HostPodContext {
  /** As in `worker pool "gpu"`. */
  readonly what: string
  readonly backend: BackendName
  readonly machine: MachineSpec
}

/** Keeps what was asked for; absent when nothing was. */
export function resolveHostPod(
  input: HostPodInput | undefined,
  context: HostPodContext,
  problems: ProblemList,
): { readonly hostPod?: HostPod } {
  if (input === undefined || Object.keys(input).length === 0) return {}
  const what = `hostPod of ${context.what}`
  const { labels = {}, annotations = {}, nodeSelector = {}, tolerations = [], imagePullSecrets = [] } = input
  checkKeys('label', labels, what, problems)
  checkKeys(`nodeSelector`, nodeSelector, what, problems)
  for (const key of Object.keys(annotations)) {
    const fault = labelKeyFault(key) ?? ownKeyFault(key)
    if (fault !== undefined) problems.error(`annotation "${key}" of ${what} ${fault}`, syntaxHint)
  }
  for (const key of Object.keys(labels)) {
    const fault = ownKeyFault(key)
    if (fault !== undefined) problems.error(`label "${key}" of ${what} ${fault}`, 'use a label of your own')
  }
  for (const toleration of tolerations) checkToleration(toleration, what, problems)
  checkNames(input, what, problems)
  if (context.backend === 'vm') checkVm(input, what, problems)
  checkRequests(input.requests, context.machine, what, problems)
  return {
    hostPod: {
      ...input,
      ...(tolerations.length === 0 ? {} : { tolerations }),
      ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets }),
      ...(input.requests === undefined ? {} : { requests: textOf(input.requests) }),
    } as HostPod,
  }
}

const syntaxHint = 'write it as Kubernetes does, as in example.com/disk: fast'

/** What knest finds its nodes by. */
function ownKeyFault(key: string): string | undefined {
  const [domain] = key.split('/')
  const isOwn = key === 'app.kubernetes.io/managed-by' || (key.includes('/') && domain === 'knest.dev')
  return isOwn ? "is one of knest's own" : undefined
}

function checkKeys(
  kind: string,
  values: Readonly<Record<string, string>>,
  what: string,
  problems: ProblemList,
): void {
  for (const [key, value] of Object.entries(values)) {
    const fault = labelKeyFault(key)
    if (fault !== undefined) problems.error(`${kind} "${key}" of ${what} ${fault}`, syntaxHint)
    const valueFault = labelValueFault(value)
    if (valueFault !== undefined)
      problems.error(`value "${value}" of ${kind} "${key}" of ${what} ${valueFault}`, syntaxHint)
  }
}

function checkToleration(
  { key, operator, value, effect, tolerationSeconds }: HostToleration,
  what: string,
  problems: ProblemList,
): void {
  const name = `toleration "${key ?? ''}" of ${what}`
  const fault =
    key === undefined || key === '' ? undefined : (labelKeyFault(key) ?? labelValueFault(value ?? ''))
  if (fault !== undefined) problems.error(`${name} ${fault}`, syntaxHint)
  if ((key === undefined || key === '') && operator !== 'Exists')
    problems.error(`${name} has no key`, 'give one, or operator Exists to tolerate everything')
  if (operator === 'Exists' && value !== undefined && value !== '')
    problems.error(`${name} has operator Exists and a value`, 'leave one of them out')
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    problems.error(
      `${name} has tolerationSeconds without effect NoExecute`,
      'add the effect, or leave them out',
    )
}

function checkNames(
  { priorityClassName, runtimeClassName, imagePullSecrets = [] }: HostPodInput,
  what: string,
  problems: ProblemList,
): void {
  const names: readonly (readonly [string, string | undefined])[] = [
    ['priorityClassName', priorityClassName],
    ['runtimeClassName', runtimeClassName],
    ...imagePullSecrets.map(({ name }) => ['imagePullSecret', name] as const),
  ]
  for (const [field, name] of names) {
    const fault = name === undefined ? undefined : subdomainFault(name)
    if (fault !== undefined)
      problems.error(`${field} "${name ?? ''}" of ${what} ${fault}`, 'name an object of the host')
  }
}

function checkVm(
  { runtimeClassName, imagePullSecrets = [] }: HostPodInput,
  what: string,
  problems: ProblemList,
): void {
  if (runtimeClassName !== undefined)
    problems.error(`${what} has a runtimeClassName, and KubeVirt has none for VMs`, 'leave it out')
  if (imagePullSecrets.length > 1)
    problems.error(
      `${what} has ${imagePullSecrets.length} imagePullSecrets, and KubeVirt takes one for the image of a VM`,
      'keep one of them',
    )
}

/** The host refuses pods that request more than their limit. */
function checkRequests(
  requests: HostPodInput['requests'],
  { cpuCores, memorySize }: MachineSpec,
  what: string,
  problems: ProblemList,
): void {
  const { cpu, memory } = requests ?? {}
  if (cpu !== undefined) {
    const given = problems.try(`CPU request of ${what}`, () => parseMillicores(String(cpu)))
    if (given !== undefined && given < 0)
      problems.error(`CPU request of ${what} "${cpu}" is below 0`, 'write it as in 500m')
    if (given !== undefined && given > cpuCores * 1000)
      problems.error(
        `CPU request of ${what} "${cpu}" is above its ${cpuCores} cores`,
        'ask for less, or for more cores',
      )
  }
  if (memory !== undefined) {
    const given = problems.try(`memory request of ${what}`, () => parseBytes(String(memory)))
    const most = quietly(() => parseBytes(memorySize))
    if (given !== undefined && most !== undefined && given > most)
      problems.error(
        `memory request of ${what} "${memory}" is above its memory size ${memorySize}`,
        'ask for less, or for more memory',
      )
  }
}

/** What is wrong with it is told elsewhere. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function textOf(requests: NonNullable<HostPodInput['requests']>): HostPod['requests'] {
  return Object.fromEntries(Object.entries(requests).map(([name, value]) => [name, String(value)]))
}
