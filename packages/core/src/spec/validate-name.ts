import { KnestError } from '../errors.js'
import { defaultNamespace, maxClusterNameLength } from '../names.js'
import { labelFault } from '../values/index.js'

/** A cluster's name begins Service and node names, so it is a short DNS-1035 label. Throws `config`. */
export function validateClusterName(name: string): void {
  // Its context would be called as that of the embedded host.
  const taken = name === 'host' ? 'is kept for the embedded host' : undefined
  const fault = taken ?? labelFault(name, maxClusterNameLength, /^[a-z]/)
  if (fault === undefined) return
  throw new KnestError('config', `cluster name "${name}" ${fault}`, {
    hint:
      `use 1 to ${maxClusterNameLength} lower-case letters, digits and "-", beginning with a letter` +
      suggestion(name, maxClusterNameLength),
  })
}

/** Throws `config`. */
export function validateNamespace(namespace: string): void {
  const fault = labelFault(namespace, 63, /^[a-z0-9]/)
  if (fault === undefined) return
  throw new KnestError('config', `namespace "${namespace}" ${fault}`, {
    hint: `use 1 to 63 lower-case letters, digits and "-", as in ${defaultNamespace('quickstart')}`,
  })
}

function suggestion(name: string, maxLength: number): string {
  const better = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, maxLength)
    .replace(/-+$/, '')
  return better === '' ? '' : `, as in "${better}"`
}
