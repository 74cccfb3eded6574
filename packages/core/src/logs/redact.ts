const removed = '[removed]'

/** Names of fields, variables and flags whose values are secrets. */
const secretName =
  '(?:[\\w.-]*(?:password|passwd|passphrase|secret(?!name|s\\b|ref)|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?key(?:[_-]?data)?|certificate[_-]?key|auth[_-]?token|bearer[_-]?token|id[_-]?token|refresh[_-]?token|credentials?)[\\w.-]*|token|auth|identitytoken|client-key-data|tls\\.key)'

/** Each with what stays of it. Order matters: whole blocks first. */
const rules: readonly (readonly [pattern: RegExp, kept: string])[] = [
  // Also within JSON, where line breaks are written out, and one whose end was cut off.
  [
    /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----|$)/g,
    removed,
  ],
  // One whose beginning was cut off.
  [/^[\s\S]{0,8192}?-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----/, removed],
  // PEM in base64, as in kubeconfigs and Secrets; certificates may go with it.
  [/LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,}/g, removed],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, removed],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, removed],
  [/\b((?:Bearer|Basic)\s+)[\w.~+/=-]{6,}/gi, `$1${removed}`],
  [/\b(\w{1,20}:\/\/[^\s/:@"']*:)[^\s/@"']+@/g, `$1${removed}@`],
  [new RegExp(`(?<![\\w-])(--${secretName}[ =]+)(?!\\[removed\\])[^\\s"',]+`, 'gi'), `$1${removed}`],
  // JSON, also within a text in JSON.
  [new RegExp(`(\\\\?"${secretName}\\\\?"\\s*:\\s*\\\\?")(?!\\[removed\\])[^"\\\\]+`, 'gi'), `$1${removed}`],
  // YAML, TOML, variables.
  [
    new RegExp(
      `(^|[\\s{,;])(${secretName}[ \\t]*[:=][ \\t]*)(?![|>][-+]?$|\\{|\\[)("[^"\\n]*"|'[^'\\n]*'|[^\\s,}"']+)`,
      'gim',
    ),
    `$1$2${removed}`,
  ],
]

/** The text without what gives somebody access: keys, tokens, passwords, in whatever file they stand. Pure. */
export function redactText(text: string): string {
  return rules.reduce((left, [pattern, kept]) => left.replace(pattern, kept), text)
}

const isSecretName = new RegExp(`^${secretName}$`, 'i')
/** Copies of whole objects, which may be Secrets; what others may put there is not known. */
const annotations = /^(kubectl\.kubernetes\.io\/last-applied-configuration|.*(token|secret|password).*)$/i
/** What a VM is set up with, and data of Secrets. */
const opaque = ['userData', 'userDataBase64', 'networkData', 'networkDataBase64', 'stringData']

/** An object of an API without secrets, and without what only servers read. Pure. */
export function redactObject(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactObject)
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Readonly<Record<string, unknown>>
  const { name, kind } = fields
  const isSecretVariable = typeof name === 'string' && isSecretName.test(name) && 'value' in fields
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => key !== 'managedFields')
      .map(([key, inner]): [string, unknown] => {
        if (isSecretVariable && key === 'value') return [key, removed]
        if (opaque.includes(key) || (kind === 'Secret' && key === 'data')) return [key, hidden(inner)]
        if (key === 'annotations' && typeof inner === 'object' && inner !== null)
          return [key, withoutCopies(inner as Readonly<Record<string, unknown>>)]
        if (typeof inner === 'string' && isSecretName.test(key)) return [key, removed]
        return [key, redactObject(inner)]
      }),
  )
}

/** The keys stay. */
function hidden(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return removed
  return Object.fromEntries(Object.keys(value).map((key) => [key, removed]))
}

function withoutCopies(all: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [key, annotations.test(key) ? removed : redactObject(value)]),
  )
}
