import type { Problem } from '../errors.js'
import { compareVersions, parseVersion } from '../values/index.js'

/**
 * Why a cluster cannot go from one Kubernetes version to another; undefined when it can: to a later patch of
 * its minor version, or to any patch of the next minor, which is what kubeadm and etcd are made for.
 */
export function upgradeFault(from: string, to: string): Problem | undefined {
  if (from === to) return undefined
  const [before, after] = [parseVersion(from), parseVersion(to)]
  const what = `Kubernetes ${from} cannot become ${to}`
  if (before === undefined || after === undefined)
    return problem(`${what}: one of them is not a full version`, 'give three numbers, as in 1.35.4')
  if (after.build !== '')
    return problem(`${what}: a build is in no image's tag`, `leave "+${after.build}" out`)
  if (compareVersions(after, before) < 0)
    return problem(
      `${what}: that is a downgrade, and what is in etcd cannot be read by an older API server`,
      'name a later version, or create another cluster',
    )
  if (after.major !== before.major || after.minor > before.minor + 1)
    return problem(
      `${what}: Kubernetes goes up one minor version at a time`,
      `upgrade to a patch of 1.${before.minor + 1} first`,
    )
  return undefined
}

function problem(message: string, hint: string): Problem {
  return { severity: 'error', message, hint }
}
