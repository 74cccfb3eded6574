import type { Problem } from '../../errors.js'

export function problemOf(message: string, hint: string): Problem {
  return { severity: 'error', message, hint }
}
