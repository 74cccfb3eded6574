import type { Deps } from './deps.js'
import type { GlobalOptions } from './global-options.js'

/** Name of a cluster when none is given. */
export const defaultName = 'knest'

/** Refuses names that no cluster can have, before the host is asked. */
export async function checkTarget(
  deps: Deps,
  target: GlobalOptions & { readonly name: string },
): Promise<void> {
  const { validateClusterName, validateNamespace } = await deps.spec()
  validateClusterName(target.name)
  if (target.namespace !== undefined) validateNamespace(target.namespace)
}
