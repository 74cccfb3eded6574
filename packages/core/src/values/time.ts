const form =
  /^(\d{4}-\d{2}-(\d{2}))T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.]\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** A time as Kubernetes writes it (RFC 3339), in milliseconds since 1970; undefined when it is none. */
export function parseTime(text: string): number | undefined {
  const [, date = '', day] = form.exec(text) ?? []
  // JavaScript takes the 30th of February for a day in March.
  const midnight = new Date(Date.parse(`${date}T00:00:00Z`))
  if (day === undefined || Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day))
    return undefined
  return Date.parse(text)
}
