import type { Problem } from '../../errors.js'
import { nearest } from '../nearest.js'
import { gateProblems } from './gate-problems.js'
import type { Configured, FieldKind, KnownSettings } from './known-settings.js'
import { ownedFields } from './owned.js'
import { problemOf } from './problem-of.js'
import { isRecord } from '../../values/index.js'

const kinds: Readonly<Record<FieldKind, string>> = {
  boolean: 'true or false',
  number: 'a number',
  text: 'text',
  list: 'a list',
  map: 'a group of fields',
  object: 'a group of fields',
  any: '',
}

/** What is against fields of a configuration; `where` names it, as in `spec.kubernetes.kubelet`. Pure. */
export function fieldProblems(
  given: Readonly<Record<string, unknown>>,
  where: string,
  of: Configured,
  known: KnownSettings,
): readonly Problem[] {
  const fields = known.fields[of]
  const look = (group: Readonly<Record<string, unknown>>, prefix: string): readonly Problem[] =>
    Object.entries(group).flatMap(([name, value]) => {
      const path = `${prefix}${name}`
      const kind = fields.get(path)
      const hint = Object.hasOwn(ownedFields[of], path) ? ownedFields[of][path] : undefined
      if (hint !== undefined) return [problemOf(`field "${path}" of ${of} is knest's to set`, hint)]
      if (kind === undefined) return [unknownField(path, prefix)]
      if (!isOfKind(value, kind))
        return [problemOf(`field "${path}" of ${where} is not ${kinds[kind]}`, `give ${kinds[kind]}`)]
      return isRecord(value) && (kind === 'object' || kind === 'any') ? look(value, `${path}.`) : []
    })
  const unknownField = (path: string, prefix: string): Problem => {
    const besides = [...fields.keys()].filter((other) => other.startsWith(prefix))
    const meant = nearest(path, besides)
    const hint = meant === undefined ? `leave it out of ${where}` : `did you mean "${meant}"?`
    return problemOf(`${of} ${known.minor} has no field "${path}"`, hint)
  }
  const gates = given.featureGates
  return [...look(given, ''), ...(isRecord(gates) ? gateProblems(gates, `${where}.featureGates`, known) : [])]
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'boolean':
    case 'number':
      return typeof value === kind
    case 'text':
      return typeof value === 'string'
    case 'list':
      return Array.isArray(value)
    case 'map':
    case 'object':
      return isRecord(value)
    case 'any':
      return true
  }
}
