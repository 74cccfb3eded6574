import { KnestError } from '../../errors.js'
import type { UserEntry } from '../kubeconfig/model.js'

export type Headers = Readonly<Record<string, string | readonly string[]>>

/** The headers by which client-go asks to be somebody else; none without `as`. */
export function impersonationHeaders({ as, asUid, asGroups, asUserExtra }: UserEntry): Headers {
  if (as === '') return {}
  const extra = new Map<string, string[]>()
  for (const [key, values] of asUserExtra) {
    const name = `impersonate-extra-${escapeHeaderKey(key)}`.toLowerCase()
    if (values.length > 0)
      extra.set(name, [
        ...(extra.get(name) ?? []),
        ...values.map((value) => headerValue(value, 'as-user-extra')),
      ])
  }
  return {
    'impersonate-user': headerValue(as, 'as'),
    ...(asUid === '' ? {} : { 'impersonate-uid': headerValue(asUid, 'as-uid') }),
    ...(asGroups.length === 0
      ? {}
      : { 'impersonate-group': asGroups.map((group) => headerValue(group, 'as-groups')) }),
    ...Object.fromEntries(extra),
  }
}

/**
 * UTF-8 bytes, as Go sends them; Node would send Latin-1, which is another name. Throws `config` for what no header
 * may have, as a line break.
 */
export function headerValue(text: string, field: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text))
    throw new KnestError(
      'config',
      `"${field}" of the kubeconfig's user has a line break or control character`,
      {
        hint: 'repair the user in the kubeconfig; kubectl does not take it either',
      },
    )
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Bytes that no header name may have, and "%", are escaped as in URLs. */
function escapeHeaderKey(key: string): string {
  const bytes = [...Buffer.from(key, 'utf8')]
  return bytes
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[!#$&'*+\-.0-9A-Za-z^_`|~]/.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}
