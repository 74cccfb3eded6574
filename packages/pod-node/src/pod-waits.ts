import { anySignal, knestCommand, kubectlCommand, startLimit } from '@knest/core'
import type { KubeObject, PullFailure } from '@knest/core'
import { podState } from './pod-state.js'

/** How long images may fail: what a registry has answered is asked a second time, ten seconds after the first. */
const patienceMs: Readonly<Record<PullFailure, number>> = {
  lasting: 15_000,
  unclear: 60_000,
  passing: Infinity,
}

/** Ends a wait for images that do not come, while nothing of the pod changes too. */
export class PullPatience {
  /** Resolves with the pods that were seen last when waiting longer will not help. */
  readonly over: Promise<readonly KubeObject[]>
  /** Ends what is watched for it. */
  readonly #ended = new AbortController()
  #giveUp: (pods: readonly KubeObject[]) => void = () => undefined
  #forgetLimit: () => void = () => undefined
  #failing: { readonly kind: PullFailure; readonly since: number } | undefined

  constructor() {
    this.over = new Promise((resolve) => {
      this.#giveUp = resolve
    })
  }

  /** What was seen; called after each change. */
  see(pods: readonly KubeObject[]): void {
    if (this.#ended.signal.aborted) return
    const kind = pods.map((pod) => podState(pod).pull).find((each) => each !== undefined)
    this.#forgetLimit()
    if (kind === undefined) {
      this.#failing = undefined
      return
    }
    // Older kubelets do not repeat while they back off why the pull failed.
    const known = kind === 'unclear' ? (this.#failing?.kind ?? kind) : kind
    const since = this.#failing?.kind === known ? this.#failing.since : Date.now()
    this.#failing = { kind: known, since }
    const left = since + patienceMs[known] - Date.now()
    if (Number.isFinite(left)) this.#forgetLimit = startLimit(Math.max(left, 0), () => this.#giveUp(pods))
  }

  /** For what is watched: ends with the caller's, and at `end`. */
  signalWithin(signal: AbortSignal): AbortSignal {
    return anySignal(signal, this.#ended.signal)
  }

  end(): void {
    this.#forgetLimit()
    this.#ended.abort()
  }
}

/** Whether nothing but somebody's doing helps, of what is not an image that a registry may still give. */
export function stuckIn(pod: KubeObject): boolean {
  const { hopeless, pull, reason = '' } = podState(pod)
  return hopeless && (pull === undefined || /^[^:]*(InvalidImageName|ErrImageNeverPull)/.test(reason))
}

/** Why a pod waits, where that is not what every pod waits for; undefined otherwise. */
export function waitingOf(pod: KubeObject): string | undefined {
  const { phase, reason, pull, foreign } = podState(pod)
  if (phase !== 'pending' || reason === undefined) return undefined
  return pull !== undefined || foreign !== undefined || reason.startsWith('Unschedulable')
    ? reason.trim()
    : undefined
}

/** What is the same in all the ways that the host says it. */
export function innermost(text: string): string {
  return text
    .replace(/^(Unschedulable|FailedScheduling|ErrImagePull|ImagePullBackOff|Failed): /, '')
    .replace(/^Back-off pulling image "[^"]*"(: ErrImagePull: )?/, '')
    .trim()
}

/** What to do about a pod that does not start. */
export function stuckHint(pod: KubeObject, namespace: string): string {
  const { pull, foreign, reason = '' } = podState(pod)
  const describe = `see: ${kubectlCommand('describe', 'pod', '-n', namespace, pod.metadata.name)}`
  if (foreign !== undefined)
    return `an admission webhook of the host added that container: have it leave namespace "${namespace}" alone, or mend the container; ${describe}`
  if (pull === 'lasting')
    return `make the node image available to the host (embedded host: ${knestCommand('host', 'load', 'IMAGE')}) or choose another with --image`
  if (pull !== undefined)
    return `the host's nodes must reach the image's registry; or choose another image with --image; ${describe}`
  return reason.startsWith('Unschedulable') ? unschedulableHint(reason) : describe
}

const nodes = kubectlCommand('describe', 'nodes')

/** What the scheduler says, and what would help. The first that fits counts. */
const unschedulable: readonly (readonly [RegExp, string])[] = [
  [
    /Insufficient (cpu|memory|ephemeral-storage)/,
    `make room on the host (${nodes} shows what is requested), add a node to it, or make fewer nodes`,
  ],
  [/Too many pods/, 'each node of the host is full of pods: delete some, or add a node to the host'],
  [
    /untolerated taint/,
    `remove the taint from a node of the host (${kubectlCommand('taint', 'nodes', 'NODE', 'KEY-')}), or give the nodes a toleration in spec.hostPatches`,
  ],
  [/unschedulable/, `a node of the host is cordoned: ${kubectlCommand('uncordon', 'NODE')}`],
  [
    /node affinity|node selector/,
    'label a node of the host as spec.hostPatches asks for, or change the selector there',
  ],
  [
    /unbound immediate PersistentVolumeClaims|persistentvolumeclaim/i,
    `its volume is not there: see ${kubectlCommand('describe', 'pvc')}, and choose a StorageClass that the host provides with --storage-class`,
  ],
]

export function unschedulableHint(message: string): string {
  const hints = unschedulable.filter(([pattern]) => pattern.test(message)).map(([, hint]) => hint)
  return hints.join('; or ') || `see: ${nodes}`
}
