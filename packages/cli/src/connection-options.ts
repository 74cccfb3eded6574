import { Option, type Command } from 'commander'
import { durationMs, KnestError, type ConnectionOverrides } from 'knest'
import { collect } from './one-of.js'

/** What each flag is by the names of the library, and what it says in `knest options`. */
const flags = [
  ['--cluster <name>', 'cluster of the kubeconfig to use'],
  ['--user <name>', 'user of the kubeconfig to use'],
  ['-s, --server <url>', 'address and port of the API server of the host cluster'],
  ['--tls-server-name <name>', "name that is looked for in the server's certificate"],
  ['--certificate-authority <file>', 'authorities that the server is trusted by'],
  ['--token <token>', 'bearer token for the API server'],
  ['--client-certificate <file>', 'client certificate for TLS'],
  ['--client-key <file>', 'its key'],
  ['--as <name>', 'user whom the requests are made for'],
  ['--as-uid <uid>', 'their uid'],
] as const
const asGroup = ['--as-group <name>', 'group whom the requests are made for; repeatable'] as const
const insecure = ['--insecure-skip-tls-verify', "take any server's certificate: insecure"] as const
const requestTimeout = [
  '--request-timeout <duration>',
  'how long one request may take, as in 45s; 0: the default (30s)',
] as const

/**
 * kubectl's flags for the way to the API server. Where help is short they are hidden: `knest options` shows them.
 * `own`: long names that the command line's own command has for something else.
 */
export function connectionOptions(own: readonly string[]): readonly Option[] {
  return [
    ...flags.map(([name, text]) => new Option(name, text)),
    new Option(...asGroup).argParser(collect),
    new Option(...insecure),
    new Option(...requestTimeout).argParser(requestTimeoutMs),
  ].filter(({ long }) => !own.includes(long ?? ''))
}

/** As they were typed; undefined when none was. */
export function givenConnection(options: Readonly<Record<string, unknown>>): ConnectionOverrides | undefined {
  const found = connectionOptions([]).flatMap((option) => {
    const key = option.attributeName()
    const value = options[key]
    // A list by another name than --as-group is a command's own.
    const isOurs = key === 'asGroup' || !Array.isArray(value)
    return value === undefined || value === '' || !isOurs ? [] : [[names[key] ?? key, value] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** Of the library, where they differ. */
const names: Readonly<Record<string, keyof ConnectionOverrides>> = {
  asGroup: 'asGroups',
  requestTimeout: 'requestTimeoutMs',
}

/** As kubectl reads it: a number alone is of seconds, 0 is no limit of its own. Throws `usage`. */
function requestTimeoutMs(text: string): number | undefined {
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : durationMs(text)
  if (milliseconds === undefined || milliseconds < 0 || milliseconds > 24 * 3_600_000)
    throw new KnestError('usage', `--request-timeout "${text}" is not a duration up to 24h`, {
      hint: 'write a number with a unit, as in 45s or 2m; 0 is the default',
    })
  return milliseconds === 0 ? undefined : Math.ceil(milliseconds)
}

/** For a command that is offered; a flag without value has an empty one. A token is a secret, and left out. */
export function connectionWords(
  connection: ConnectionOverrides = {},
): readonly (readonly [flag: string, value: string])[] {
  const one = ([name]: readonly [string, string]): readonly (readonly [string, string])[] => {
    const option = new Option(name)
    const value = connection[option.attributeName() as keyof ConnectionOverrides]
    return option.long === '--token' || typeof value !== 'string' ? [] : [[option.long ?? '', value]]
  }
  const { asGroups = [], insecureSkipTlsVerify, requestTimeoutMs: ms } = connection
  return [
    ...flags.flatMap(one),
    ...asGroups.map((group) => ['--as-group', group] as const),
    ...(insecureSkipTlsVerify === true ? ([['--insecure-skip-tls-verify', '']] as const) : []),
    ...(ms === undefined ? [] : ([['--request-timeout', `${String(ms)}ms`]] as const)),
  ]
}

/** What `knest options` shows. */
export function visibleOptions(program: Command): readonly Option[] {
  const shown = program.options.filter(({ hidden }) => !hidden)
  return [...shown, ...connectionOptions([])]
}
