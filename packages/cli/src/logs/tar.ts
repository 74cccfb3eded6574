const block = 512

/** One file as POSIX `ustar` has it, head and padding; names that do not fit into it are shortened. Pure. */
export function tarEntry(path: string, text: string, modified: Date): Buffer {
  const content = Buffer.from(text)
  const head = Buffer.alloc(block)
  const { prefix, name } = splitPath(path)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  head.write(name, 0, 100)
  head.write(octal(0o644, 8), 100)
  head.write(octal(0, 8), 108)
  head.write(octal(0, 8), 116)
  head.write(octal(content.length, 12), 124)
  head.write(octal(Math.floor(modified.getTime() / 1000), 12), 136)
  head.write(' '.repeat(8), 148)
  head.write('0', 156)
  head.write('ustar\x0000', 257, 'latin1')
  head.write(prefix, 345, 155)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  const padding = Buffer.alloc((block - (content.length % block)) % block)
  return Buffer.concat([head, content, padding])
}

/** Two blocks of nothing. */
export const tarEnd = Buffer.alloc(2 * block)

function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { prefix, name }
  }
  return splitPath(`${path.slice(0, 60)}~${path.slice(-39)}`.replaceAll('//', '/'))
}
