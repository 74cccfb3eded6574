import { readFileSync } from 'node:fs'
import { KnestError } from '../../errors.js'

export interface TokenFile {
  token(): string
  /** Reads it anew; true when it holds another token than the one that was refused. */
  renew(refused: string): boolean
}

/** client-go reads it again each minute, ten seconds early. */
const keptMs = 50_000

/**
 * A token in a file, read again from time to time. While it cannot be read, the last token counts, and in the
 * beginning `fallback`. Throws `config` when there is none at all.
 */
export function openTokenFile(file: string, fallback: string, now: () => number = Date.now): TokenFile {
  let last: { readonly token: string; readonly readAt: number } | undefined
  const read = (): string => {
    try {
      const token = readFileSync(file, 'utf8').trim()
      if (token === '') throw new Error('it is empty')
      last = { token, readAt: now() }
    } catch (error) {
      const known = last?.token ?? fallback
      if (known !== '') return known
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      const why = missing ? 'does not exist' : 'holds no token that can be read'
      throw new KnestError('config', `the tokenFile "${file}" of the kubeconfig's user ${why}`, {
        hint: 'log in again, or repair the user in the kubeconfig',
        cause: error,
      })
    }
    return last.token
  }
  return {
    token: () => (last !== undefined && now() - last.readAt < keptMs ? last.token : read()),
    renew: (refused) => read() !== refused,
  }
}
