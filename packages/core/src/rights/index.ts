export { hostChangeRules, hostLookRules } from './host-rules.js'
export { namespaceRules } from './namespace-rules.js'
export { look, rule, type PolicyRule } from './policy-rule.js'
