const kept = new WeakSet()

/**
 * What a store keeps of a value that was sent: as it is on the wire, where undefined is not there, and frozen. What is
 * kept already is the same again, so that what did not change is known by its identity.
 */
export function keep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (kept.has(value)) return value
  const made = Array.isArray(value) ? value.map((each) => keep(each) ?? null) : keepFields(value)
  if (typeof made !== 'object' || made === null) return made
  kept.add(Object.freeze(made))
  return made
}

function keepFields(value: object): unknown {
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return keep((value as { toJSON: () => unknown }).toJSON())
  const fields: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value)) {
    const made = keep(inner)
    if (made !== undefined) fields[name] = made
  }
  return fields
}
