import { hostChangeRules, hostLookRules, namespaceRules, type PolicyRule } from '@knest/core'

/**
 * All that the controller may do on the host; docs/self-healing.md has the same list. Clusters live in namespaces
 * that nobody knows before, so the rights are the whole host's.
 */
export const controllerRules: readonly PolicyRule[] = [
  ...namespaceRules,
  ...hostLookRules,
  ...hostChangeRules,
]
