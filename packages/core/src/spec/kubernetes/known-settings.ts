import { supportedMinors } from '../../defaults.js'
import { parseVersion } from '../../values/index.js'
import { etcd } from './known/etcd.js'
import { kubernetes1_35 } from './known/kubernetes-1-35.js'
import { kubernetes1_36 } from './known/kubernetes-1-36.js'
import { kubernetes1_37 } from './known/kubernetes-1-37.js'

export type Program = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'etcd'
export type Configured = 'kubelet' | 'kube-proxy'
/** `any`: its program reads it in a way of its own, as a duration. */
export type FieldKind = 'boolean' | 'number' | 'text' | 'list' | 'map' | 'object' | 'any'

interface FeatureGate {
  readonly usual: boolean
  /** No other value is taken. */
  readonly isLocked: boolean
}

/** Names, and what is known of each. */
interface Names<T> {
  get(name: string): T | undefined
  keys(): Iterable<string>
}

/** What the programs of one minor version take. */
export interface KnownSettings {
  /** As in `1.35`. */
  readonly minor: string
  readonly featureGates: Names<FeatureGate>
  readonly flags: Readonly<Record<Program, Names<true>>>
  /** Of the API, but for the core one. */
  readonly groups: Names<true>
  /** By their path, as in `authentication.webhook.enabled`. */
  readonly fields: Readonly<Record<Configured, Names<FieldKind>>>
}

const texts: ReadonlyMap<number, string> = new Map([
  [35, kubernetes1_35],
  [36, kubernetes1_36],
  [37, kubernetes1_37],
])
const read = new Map<number, KnownSettings>()

/** Undefined for a version that knest does not know; of one that nobody has recorded every name is taken. */
export function knownSettings(version: string): KnownSettings | undefined {
  const minor = parseVersion(version)?.minor ?? 0
  if (!supportedMinors.includes(minor)) return undefined
  const text = texts.get(minor)
  if (text === undefined) return unrecorded(`1.${minor}`)
  const known = read.get(minor) ?? parseKnown(`1.${minor}`, text)
  read.set(minor, known)
  return known
}

function unrecorded(minor: string): KnownSettings {
  const every = <T>(value: T): Names<T> => ({ get: () => value, keys: () => [] })
  const flags = every(true as const)
  const fields = every<FieldKind>('any')
  return {
    minor,
    featureGates: every({ usual: true, isLocked: false }),
    flags: {
      'kube-apiserver': flags,
      'kube-controller-manager': flags,
      'kube-scheduler': flags,
      etcd: flags,
    },
    groups: flags,
    fields: { kubelet: fields, 'kube-proxy': fields },
  }
}

function parseKnown(minor: string, text: string): KnownSettings {
  const sections = new Map([...sectionsOf(text), ...sectionsOf(etcd)])
  const words = (section: string): readonly string[] => sections.get(section) ?? []
  const named = (section: string): Names<true> => new Map(words(section).map((word) => [word, true]))
  const flags = (program: Program): Names<true> => named(`flags ${program}`)
  const fields = (of: Configured): Names<FieldKind> =>
    new Map(words(of).map((word) => word.split(':') as [string, FieldKind]))
  return {
    minor,
    featureGates: new Map(words('gates').map(gateOf)),
    flags: {
      'kube-apiserver': flags('kube-apiserver'),
      'kube-controller-manager': flags('kube-controller-manager'),
      'kube-scheduler': flags('kube-scheduler'),
      etcd: flags('etcd'),
    },
    groups: named('groups'),
    fields: { kubelet: fields('kubelet'), 'kube-proxy': fields('kube-proxy') },
  }
}

function sectionsOf(text: string): readonly (readonly [string, readonly string[]])[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((section) => {
      const [name = '', ...lines] = section.split('\n')
      return [name, lines.join(' ').split(' ').filter(Boolean)] as const
    })
}

/** As in `KubeletPSI=true!`. */
function gateOf(word: string): readonly [string, FeatureGate] {
  const [name = '', value = ''] = word.split('=')
  return [name, { usual: value.startsWith('true'), isLocked: value.endsWith('!') }]
}
