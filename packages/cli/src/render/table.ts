/** Columns the way kubectl prints them: upper-case headers, three spaces apart, no borders. */
export function renderTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headers, ...rows]
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const format = (line: readonly string[]): string =>
    headers
      .map((_, column) => (line[column] ?? '').padEnd((widths[column] ?? 0) + 3))
      .join('')
      .trimEnd()
  return lines.map((line) => `${format(line)}\n`).join('')
}
