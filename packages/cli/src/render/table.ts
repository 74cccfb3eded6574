export interface TableStyle {
  /** False: rows alone, as kubectl's `--no-headers`. */
  readonly headers?: boolean | undefined
}

/** Columns the way kubectl prints them: upper-case headers, three spaces apart, no borders. */
export function renderTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle = {},
): string {
  const lines = style.headers === false ? rows : [headers, ...rows]
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const format = (line: readonly string[]): string =>
    headers
      .map((_, column) => (line[column] ?? '').padEnd((widths[column] ?? 0) + 3))
      .join('')
      .trimEnd()
  return lines.map((line) => `${format(line)}\n`).join('')
}
