import { defaultNamespace } from './defaults.js'

interface Cluster {
  readonly name: string
  readonly namespace: string
}

interface EmbeddedHost {
  readonly name: string
  readonly engine?: string | undefined
}

/** Of the embedded host that is meant where none is named. */
export const defaultHostName = 'knest-host'

/**
 * A command that the user can type, between backticks. Nothing else in a message stands between them: who shows it
 * adds the flags that led to the host.
 */
export function knestCommand(...words: readonly string[]): string {
  return typed('knest', words)
}

/** They change nothing of a cluster, so that a second one of the same name only makes them ask which is meant. */
const lookers = ['status', 'shell', 'ssh', 'kubeconfig']

/** The same about one cluster and no other of its name. */
export function clusterCommand(
  verb: string,
  { name, namespace }: Cluster,
  ...words: readonly string[]
): string {
  const isFound = lookers.includes(verb) && namespace === defaultNamespace(name)
  return knestCommand(verb, name, ...before('--', words, isFound ? [] : ['-n', namespace]))
}

/** The same about one embedded host. */
export function hostCommand(
  verb: string,
  { name, engine }: EmbeddedHost,
  ...words: readonly string[]
): string {
  return knestCommand(
    ...['host', verb, ...words],
    ...(name === defaultHostName ? [] : ['--name', name]),
    ...(engine === undefined ? [] : ['--engine', engine]),
  )
}

/** What kubectl can do on the host cluster. */
export function kubectlCommand(...words: readonly string[]): string {
  return typed('kubectl', words)
}

/** Flags stand before what is passed on to another program. */
export function before(word: string, words: readonly string[], more: readonly string[]): readonly string[] {
  const at = words.indexOf(word)
  return at < 0 ? [...words, ...more] : [...words.slice(0, at), ...more, ...words.slice(at)]
}

/** As a POSIX shell reads it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function typed(program: string, words: readonly string[]): string {
  return `\`${[program, ...words.map(quoted)].join(' ')}\``
}
