import { KnestError, type ScaleRequest } from 'knest'
import type { SpecRoom } from '../deps.js'
import { wholeNumber } from './number-flag.js'

export interface ScaleWords {
  readonly counts: readonly string[]
  readonly controlPlaneMachineCount?: string | undefined
  readonly workerMachineCount?: string | undefined
  readonly force: boolean
}

/** Reads `3:2`, `POOL=N` and the flags of the later knest, and checks all that needs no host. */
export function scaleRequest(room: SpecRoom, words: ScaleWords): ScaleRequest {
  const requests = words.counts.map((text) => room.parseScale(text))
  const controlPlane = wholeNumber(words.controlPlaneMachineCount, '--control-plane-machine-count')
  const workers = wholeNumber(words.workerMachineCount, '--worker-machine-count')
  if (controlPlane !== undefined) requests.push({ controlPlane })
  if (workers !== undefined) requests.push({ pools: { [room.specDefaults.defaultPoolName]: workers } })
  if (requests.length === 0) {
    throw new KnestError('usage', 'nothing to scale is given', {
      hint: 'add CP:WORKERS, as in 3:2; or "3:" or ":2" to leave one side as it is; or POOL=N',
    })
  }
  const request = requests.reduce(join, {})
  // Pool names are the cluster's business; counts can be refused without asking the host.
  const pools = Object.keys(request.pools ?? {}).map((name) => ({ name }))
  const imagined = room.resolveSpec(pools.length === 0 ? {} : { workers: pools }, { force: true })
  const checked = room.checkScale(request, imagined, { force: words.force })
  return words.force ? { ...checked, force: true } : checked
}

function join(a: ScaleRequest, b: ScaleRequest): ScaleRequest {
  const twice = Object.keys(b.pools ?? {}).find((name) => a.pools?.[name] !== undefined)
  if (twice !== undefined || (a.controlPlane !== undefined && b.controlPlane !== undefined)) {
    const what = twice === undefined ? 'the control plane' : `worker pool "${twice}"`
    throw new KnestError('usage', `two counts are given for ${what}`, { hint: 'leave one of them out' })
  }
  return {
    ...a,
    ...b,
    ...(a.pools === undefined && b.pools === undefined ? {} : { pools: { ...a.pools, ...b.pools } }),
  }
}
