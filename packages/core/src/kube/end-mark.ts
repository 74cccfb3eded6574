const afterCode = ';'

/**
 * A mark that a command in a pod writes to both of its outputs when it has ended, with its exit code and `;` after it.
 * It is proof of the end: an API server that loses its connection to a kubelet says Success, with what it had of the
 * output until then (its remote command client takes an empty error stream for the end of a command).
 */
export interface EndMarks {
  /** What there is of it without the mark. */
  stdout(data: Buffer): Buffer
  stderr(data: Buffer): Buffer
  /** The exit code, as soon as both outputs have come to their mark. */
  exitCode(): number | undefined
  /** What was kept back as the possible beginning of a mark. */
  rest(): { readonly stdout: Buffer; readonly stderr: Buffer }
}

export function openEndMarks(mark: string, onBoth: () => void): EndMarks {
  const [stdout, stderr] = [new MarkReader(mark), new MarkReader(mark)]
  const read = (from: MarkReader, data: Buffer): Buffer => {
    const wasMarked = from.exitCode !== undefined
    const left = from.take(data)
    if (!wasMarked && stdout.exitCode !== undefined && stderr.exitCode !== undefined) onBoth()
    return left
  }
  return {
    stdout: (data) => read(stdout, data),
    stderr: (data) => read(stderr, data),
    exitCode: () => (stdout.exitCode === undefined ? undefined : stderr.exitCode),
    rest: () => ({ stdout: stdout.held, stderr: stderr.held }),
  }
}

const nothing = Buffer.alloc(0)

class MarkReader {
  readonly #mark: Buffer
  held: Buffer = nothing
  exitCode: number | undefined

  constructor(mark: string) {
    this.#mark = Buffer.from(mark)
  }

  take(data: Buffer): Buffer {
    // What others write whom the command has left behind.
    if (this.exitCode !== undefined) return data
    const all = this.held.length === 0 ? data : Buffer.concat([this.held, data])
    const at = all.indexOf(this.#mark)
    const codeAt = at + this.#mark.length
    const end = at < 0 ? -1 : all.indexOf(afterCode, codeAt)
    if (end < 0) {
      const kept = at < 0 ? all.length - this.#begun(all) : at
      this.held = all.subarray(kept)
      return all.subarray(0, kept)
    }
    this.held = nothing
    this.exitCode = Number(all.toString('latin1', codeAt, end))
    return Buffer.concat([all.subarray(0, at), all.subarray(end + 1)])
  }

  /** How many bytes at the end may be the beginning of a mark. */
  #begun(all: Buffer): number {
    for (let length = Math.min(this.#mark.length - 1, all.length); length > 0; length--) {
      if (all.subarray(-length).equals(this.#mark.subarray(0, length))) return length
    }
    return 0
  }
}
