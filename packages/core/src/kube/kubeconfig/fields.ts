/** A value of another type than kubectl accepts there. Names the field and never its value. */
export class FieldFault extends Error {}

/** Reads the fields of a group in the types they must have; null and absent are the empty value, as in Go. */
export interface Fields {
  text(name: string): string
  flag(name: string): boolean
  /** Base64 in the text. */
  bytes(name: string): Buffer
  group(name: string): Fields
  /** Undefined for null and absent. */
  optionalGroup(name: string): Fields | undefined
  groups(name: string): readonly Fields[]
  texts(name: string): readonly string[]
  textMap(name: string): ReadonlyMap<string, string>
  textsMap(name: string): ReadonlyMap<string, readonly string[]>
  raw(name: string): unknown
}

export function readFields(value: unknown, at: string): Fields {
  const fields = asGroup(value, at)
  const get = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined)
  const place = (name: string | number) =>
    typeof name === 'number' ? `${at}[${name}]` : at === '' ? name : `${at}.${name}`
  return {
    text: (name) => asText(get(name), place(name)),
    flag: (name) => {
      const found = get(name) ?? false
      if (typeof found !== 'boolean') throw new FieldFault(`${place(name)} is not true or false`)
      return found
    },
    bytes: (name) => asBytes(asText(get(name), place(name)), place(name)),
    group: (name) => readFields(get(name), place(name)),
    optionalGroup: (name) =>
      (get(name) ?? undefined) === undefined ? undefined : readFields(get(name), place(name)),
    groups: (name) =>
      asList(get(name), place(name)).map((item, index) => readFields(item, `${place(name)}[${index}]`)),
    texts: (name) => asTexts(get(name), place(name)),
    textMap: (name) => mapOf(get(name), place(name), asText),
    textsMap: (name) => mapOf(get(name), place(name), asTexts),
    raw: get,
  }
}

function mapOf<T>(
  value: unknown,
  at: string,
  read: (value: unknown, at: string) => T,
): ReadonlyMap<string, T> {
  const entries = Object.entries(asGroup(value, at))
  return new Map(entries.map(([key, found]) => [key, read(found, `${at}.${key}`)]))
}

function asGroup(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw new FieldFault(`${at === '' ? 'it' : at} is not a group of fields`)
  return value as Readonly<Record<string, unknown>>
}

function asList(value: unknown, at: string): readonly unknown[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new FieldFault(`${at} is not a list`)
  return value as unknown[]
}

function asTexts(value: unknown, at: string): readonly string[] {
  return asList(value, at).map((item, index) => asText(item, `${at}[${index}]`))
}

function asText(value: unknown, at: string): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') throw new FieldFault(`${at} is not text (numbers and yes or no need quotes)`)
  return value
}

function asBytes(text: string, at: string): Buffer {
  const body = text.replace(/[\r\n]/g, '')
  if (body.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(body))
    throw new FieldFault(`${at} is not base64`)
  return Buffer.from(body, 'base64')
}
