import { before, quoted } from 'knest'
import { connectionWords } from './connection-options.js'
import type { HostOptions } from './global-options.js'

/** What leads from this command line to its host and cluster. */
export interface Leading extends HostOptions {
  readonly namespace?: string | undefined
  /** What kubectl needs to talk to the same host, where that is more. */
  readonly kubectl?: HostOptions | undefined
}

/** Commands that ask no host, or one of this machine. */
const hostless = ['completion', 'schema', 'version', 'render']
/** A command that names its cluster itself leads there. */
const ownHost = ['--context', '--kubeconfig']
/** Of `knest host`. */
const embedded = ['up', 'down', 'status', 'load']
/** They write a context, or take it away. */
const keepsContext = ['up', 'down']

/**
 * The text with the flags that led here in every command it offers, so that the command is about the same host and
 * cluster when it is typed. Commands stand between backticks, as `knestCommand` of the library writes them.
 */
export function worded(text: string, leading: Leading): string {
  return text.replace(/`(knest|kubectl) ([^`]*)`/g, (_all, program: string, rest: string) => {
    const words = [program, ...rest.split(' ')]
    const end = words.indexOf('--')
    const own = end < 0 ? words : words.slice(0, end)
    const flags = program === 'knest' ? knestFlags(own, leading) : kubectlFlags(own, leading)
    const missing = flags.filter(([flag]) => !own.includes(flag))
    const added = missing.flatMap(([flag, value]) =>
      value === undefined ? [] : [flag, ...(value === '' ? [] : [quoted(value)])],
    )
    return `\`${before('--', words, added).join(' ')}\``
  })
}

/** An empty value is none to write, an absent one is no flag. */
type Flags = readonly (readonly [flag: string, value: string | undefined])[]

function knestFlags(
  words: readonly string[],
  { context, kubeconfig, connection, namespace }: Leading,
): Flags {
  const [, verb = '', sub = ''] = words
  if (hostless.includes(verb) || words.includes('--help')) return []
  if (verb === 'host' && embedded.includes(sub))
    return keepsContext.includes(sub) && context === undefined ? [['--kubeconfig', kubeconfig]] : []
  const leadsItself = words.some((word) => ownHost.includes(word))
  const host: Flags = leadsItself
    ? []
    : [['--context', context], ['--kubeconfig', kubeconfig], ...connectionWords(connection)]
  return verb === 'host' ? host : [...host, ['-n', namespace]]
}

function kubectlFlags(
  words: readonly string[],
  { context, kubeconfig, connection, kubectl }: Leading,
): Flags {
  // It is about another cluster, or about the user's own kubeconfig.
  if (words.some((word) => ownHost.includes(word)) || words[1] === 'config') return []
  return [
    ['--context', context ?? kubectl?.context],
    ['--kubeconfig', kubeconfig ?? kubectl?.kubeconfig],
    ...connectionWords(connection),
  ]
}
