/** For tests: what an API server complains of when it checks an object against a CRD's structural schema. */
export interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

export function schemaFaults(schema: Schema, value: unknown, path = ''): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value !== 'string' && typeof value !== 'number') return [`${path} is no number and no text`]
    return schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value))
      ? [`${path} does not match`]
      : []
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path} is none of its values`]
  if (Array.isArray(value)) {
    if (schema.type !== 'array') return [`${path} is a list`]
    return value.flatMap((item, index) => schemaFaults(schema.items ?? {}, item, `${path}[${index}]`))
  }
  if (typeof value === 'object' && value !== null) return objectFaults(schema, value, path)
  const found = Number.isInteger(value) ? 'integer' : typeof value
  const fits =
    schema.type === found || (schema.type === 'number' && found === 'integer') || schema.type === undefined
  return fits ? [] : [`${path} is ${found}, not ${schema.type ?? ''}`]
}

function objectFaults(schema: Schema, value: object, path: string): readonly string[] {
  if (schema.type !== undefined && schema.type !== 'object')
    return [`${path} is an object, not ${schema.type}`]
  const entries = Object.entries(value) as [string, unknown][]
  const missing = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${path}.${name} is missing`)
  return [
    ...missing,
    ...entries.flatMap(([name, field]) => {
      const known = schema.properties?.[name] ?? schema.additionalProperties
      if (typeof known === 'object') return schemaFaults(known, field, `${path}.${name}`)
      const free = known === true || schema['x-kubernetes-preserve-unknown-fields'] === true
      return free ? [] : [`${path}.${name} is not known`]
    }),
  ]
}
