import { StringDecoder } from 'node:string_decoder'

/** As for commands in pods: more is cut, and the text says so. */
const mostOutput = 16 * 1024 * 1024

/** What a command writes, as text, and how many bytes it was. */
export interface Output {
  readonly bytes: number
  readonly write: (data: Buffer) => void
  end(): string
}

export function openOutput(onText?: (text: string) => void): Output {
  const decoder = new StringDecoder('utf8')
  const pieces: string[] = []
  let bytes = 0
  let kept = 0
  const take = (text: string): void => {
    if (text === '') return
    onText?.(text)
    if (kept < mostOutput) pieces.push(text.slice(0, mostOutput - kept))
    kept += text.length
  }
  return {
    get bytes() {
      return bytes
    },
    write: (data) => {
      bytes += data.length
      take(decoder.write(data))
    },
    end: () => {
      take(decoder.end())
      const cut = kept > mostOutput ? `\n[cut after ${mostOutput / 1024 / 1024} MiB]\n` : ''
      return pieces.join('') + cut
    },
  }
}
