const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** As in `1.5 MiB`, `20 MiB`. */
export function byteSize(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  const digits = unit > 0 && size < 10 ? 1 : 0
  return `${size.toFixed(digits)} ${units[unit] ?? ''}`
}
