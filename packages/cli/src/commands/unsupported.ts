import { PreflightError, type Problem } from '@knest/core'
import type { Wish } from './create-wish.js'

/** Throws for what this version parses and keeps but cannot do. The one place that says so. */
export function refuseUnsupported({ spec }: Wish): void {
  const wanted: readonly (readonly [boolean, string, string])[] = [
    [
      [spec.controlPlane, ...spec.workers].some((group) => group.backend === 'vm'),
      'VM nodes (--backend vm) are',
      'use --backend pod',
    ],
  ]
  const problems = wanted
    .filter(([asked]) => asked)
    .map(([, what, hint]): Problem => ({
      message: `${what} not available yet in this version`,
      hint,
      severity: 'error',
    }))
  if (problems.length > 0) throw new PreflightError('prerequisite', problems)
}
