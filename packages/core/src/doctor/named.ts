import type { Problem } from '../errors.js'
import { reasons, type Reason } from '../reasons.js'

/** A problem whose kind is known, with the severity of its kind. */
export type Named = Problem & { readonly reason: Reason }

export function named(reason: Reason, object: string | undefined, message: string, hint: string): Named {
  const [, severity] = reasons[reason]
  return {
    ...(object === undefined ? {} : { object }),
    reason,
    message,
    hint,
    severity: severity === 'error' ? 'error' : 'warning',
  }
}
