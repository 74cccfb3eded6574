/** Files of an archive as `packBundle` makes it: path to text. Reads plain entries only. */
export function filesIn(archive: Uint8Array | string | undefined): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  if (archive === undefined || typeof archive === 'string') return files
  const bytes = Buffer.from(archive)
  for (let at = 0; at + 512 <= bytes.length;) {
    const name = textAt(bytes, at, 100)
    if (name === '') break
    const size = Number.parseInt(textAt(bytes, at + 124, 12), 8)
    files.set(`/${name}`, bytes.toString('utf8', at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

function textAt(bytes: Buffer, at: number, length: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('utf8', at, Math.min(end === -1 ? at + length : end, at + length)).trim()
}
