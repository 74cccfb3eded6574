/**
 * Whether an image that could not be pulled may come by itself. `passing`: a network or a registry that is away for a
 * while. `lasting`: the registry has answered, and will answer the same, or nobody can be asked. `unclear`: neither
 * is said.
 */
export type PullFailure = 'passing' | 'lasting' | 'unclear'

const lastingReasons = new Set(['InvalidImageName', 'ErrImageNeverPull'])
const pullReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'RegistryUnavailable',
  'ImageInspectError',
  'SignatureValidationFailed',
])

interface Row {
  readonly means: 'passing' | 'lasting'
  readonly pattern: RegExp
}

/** In the words of containerd, CRI-O, docker and registries; the first row that fits counts. */
const table: readonly Row[] = [
  // An image of this machine's own: no registry has it.
  { means: 'lasting', pattern: /(Head|Get) \\?"https?:\/\/localhost(:443)?\// },
  { means: 'passing', pattern: /toomanyrequests|too many requests|rate limit|pull QPS exceeded/i },
  {
    means: 'passing',
    pattern:
      /\b5\d\d (Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)|status(?: code)?:? "?5\d\d\b/i,
  },
  {
    means: 'passing',
    pattern:
      /timeout|timed out|deadline exceeded|request canceled|context canceled|connection (refused|reset)|no route to host|network is unreachable|unexpected EOF|: EOF$|broken pipe|server misbehaving|temporary failure in name resolution|try again/i,
  },
  { means: 'lasting', pattern: /no basic auth credentials|authentication required|unauthori[sz]ed|denied/i },
  {
    means: 'lasting',
    pattern:
      /authorization failed|\b40[13] (Unauthorized|Forbidden)|code = (PermissionDenied|Unauthenticated)/i,
  },
  { means: 'lasting', pattern: /manifest unknown|name unknown|repository name not known|code = NotFound/i },
  {
    means: 'lasting',
    pattern: /(?<!host )\bnot found\b|does not exist|no match for platform|no matching manifest/i,
  },
  {
    means: 'lasting',
    pattern: /x509:|certificate signed by|HTTP response to HTTPS client|invalid reference format/i,
  },
]

/** What the kubelet's reason and message say of a pull; undefined when they are of something else. */
export function pullFailure(reason: string | undefined, message = ''): PullFailure | undefined {
  if (reason === undefined) return undefined
  if (lastingReasons.has(reason)) return 'lasting'
  if (!pullReasons.has(reason)) return undefined
  return table.find(({ pattern }) => pattern.test(message))?.means ?? 'unclear'
}
