import type { KubeApi } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { anySignal } from '../signals.js'

/** Less than that disturbs nobody, and a slow answer tells no more. */
const toldMs = 30_000
/** Certificates are valid from five minutes before they are made; a minute is the way to the node. */
const validMs = 4 * 60_000
/** A certificate that is made here lasts a year, and the clock of the host says when it is over. */
const lastingMs = 360 * 24 * 60 * 60_000

/**
 * What the clock of this machine has against certificates that it makes for the host: told from 30 s on, an error where
 * they would not be valid there. The host's is that of its API server's answer; one without a date says nothing.
 */
export async function clockProblems(
  api: Pick<KubeApi, 'raw'>,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const asked = Date.now()
  const bounded = anySignal(signal, AbortSignal.timeout(5_000))
  const { date } = await api.raw('/version', bounded).catch(() => {
    signal.throwIfAborted()
    return { date: undefined }
  })
  if (date === undefined || Number.isNaN(date)) return []
  return differenceProblems(differenceOf(date, asked, Date.now()))
}

/** By how much this machine is ahead, negative when behind: as little as the answer allows, which has whole seconds. */
export function differenceOf(date: number, asked: number, answered: number): number {
  if (asked - date > 1_000) return asked - date - 1_000
  return Math.min(answered - date, 0)
}

/** Pure. */
export function differenceProblems(aheadMs: number): readonly Problem[] {
  if (Math.abs(aheadMs) < toldMs) return []
  const direction = aheadMs > 0 ? 'ahead of' : 'behind'
  const told = `the clock of this machine is ${duration(Math.abs(aheadMs))} ${direction} that of the host`
  const hint = 'set the clock of this machine, or that of the host if it is wrong'
  if (aheadMs <= validMs && aheadMs >= -lastingMs)
    return [{ reason: 'ClockSkew', severity: 'warning', message: told, hint }]
  const validity = aheadMs > 0 ? 'not be valid there yet' : 'have ended there'
  return [
    {
      reason: 'ClockSkew',
      severity: 'error',
      message: `${told}: certificates made here would ${validity}`,
      hint,
    },
  ]
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
