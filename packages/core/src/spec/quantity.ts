import { KnestError } from '../errors.js'

const factors: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A Kubernetes quantity as a number of units: bytes, or cores. Throws `config`. */
export function parseQuantity(text: string): number {
  const match = /^\+?(\d+\.?\d*|\.\d+)([A-Za-z]*|[eE][+-]?\d+)$/.exec(text)
  const [, digits = '', suffix = ''] = match ?? []
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)
  const factor = exponent === null ? factors[suffix] : 10 ** Number(exponent[1])
  if (match === null || factor === undefined) {
    const meant = meantSuffix(suffix)
    throw new KnestError('config', `"${text}" is not a Kubernetes quantity`, {
      hint:
        meant === undefined
          ? 'use a number and a unit such as Mi or Gi, as in 4Gi'
          : `write "${digits}${meant}"`,
    })
  }
  return Number(digits) * factor
}

/** Whole bytes, rounded up as Kubernetes does. Throws `config`. */
export function parseBytes(text: string): number {
  return Math.ceil(parseQuantity(text))
}

/** Thousandths of a core. Throws `config`. */
export function parseMillicores(text: string): number {
  return Math.ceil(Number((parseQuantity(text) * 1000).toFixed(6)))
}

/** For flags: `2`, `0.5` or `500m` as a number of cores. Throws `config`. */
export function parseCpuCores(text: string): number {
  return parseMillicores(text) / 1000
}

/** The quantity of so many bytes, in the largest binary unit that keeps it whole. */
export function formatBytes(bytes: number): string {
  for (const unit of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
    const factor = factors[unit] ?? 1
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}

/** `4g`, `4GB` and `4gib` are common slips for `4Gi`. */
function meantSuffix(suffix: string): string | undefined {
  const letter = /^([kmgtpe])(i?b?)$/i.exec(suffix)?.[1]?.toUpperCase()
  return letter === undefined ? undefined : `${letter}i`
}
