/** A version as Kubernetes gives them out: `v1.35.4-rc.1+build`. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Empty for a release. */
  readonly preRelease: string
  readonly build: string
}

const number = '(0|[1-9]\\d*)'
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const pattern = new RegExp(
  `^v?${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?$`,
)

/** Three numbers and what semantic versions allow behind them, with or without a "v". Undefined when it is none. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, preRelease = '', build = ''] = pattern.exec(text) ?? []
  const numbers = [major, minor, patch].map(Number)
  if (!numbers.every(Number.isSafeInteger)) return undefined
  const [first = 0, second = 0, third = 0] = numbers
  return { major: first, minor: second, patch: third, preRelease, build }
}

/** Without the "v" that tags have; what is no version stays as it is. */
export function withoutV(text: string): string {
  return parseVersion(text) === undefined ? text : text.replace(/^v/, '')
}

/** Below 0 when `one` is the earlier. A pre-release is before its release; builds do not count. */
export function compareVersions(one: Version, other: Version): number {
  return (
    one.major - other.major ||
    one.minor - other.minor ||
    one.patch - other.patch ||
    comparePreReleases(one.preRelease, other.preRelease)
  )
}

function comparePreReleases(one: string, other: string): number {
  if (one === other) return 0
  if (one === '') return 1
  if (other === '') return -1
  const [left, right] = [one.split('.'), other.split('.')]
  for (const [index, part] of left.entries()) {
    const against = right[index]
    if (against === undefined) return 1
    const order = compareIdentifiers(part, against)
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Numbers by their value, and before words. */
function compareIdentifiers(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => (/^\d+$/.test(text) ? BigInt(text) : undefined))
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0
  if (left !== undefined) return -1
  if (right !== undefined) return 1
  return one < other ? -1 : one > other ? 1 : 0
}
