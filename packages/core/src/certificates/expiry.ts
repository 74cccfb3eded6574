import { certificateExpiry } from '../pki/index.js'

const dayMs = 24 * 60 * 60_000

export interface Expiry {
  /** RFC 3339. */
  readonly expires: string
  readonly daysLeft: number
}

/** Of the first certificate in `pem`; undefined when it cannot be read. */
export function readExpiry(pem: string, now: Date): Expiry | undefined {
  let end: Date
  try {
    end = certificateExpiry(pem)
  } catch {
    return undefined
  }
  if (Number.isNaN(end.getTime())) return undefined
  return {
    expires: end.toISOString().replace('.000Z', 'Z'),
    daysLeft: Math.floor((end.getTime() - now.getTime()) / dayMs),
  }
}

/** Ends within so many days of `now`, or has ended. */
export function endsWithin({ expires }: Pick<Expiry, 'expires'>, now: Date, days: number): boolean {
  return Date.parse(expires) - now.getTime() < days * dayMs
}
