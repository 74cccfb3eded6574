import { labelKeyFault, labelValueFault } from './kubernetes-syntax.js'
import { parseInt64 } from './integer.js'

type Labels = Readonly<Record<string, string>>
type Test = (labels: Labels) => boolean

/** Which objects are meant, by their labels. */
export interface LabelSelector {
  /** Nothing was asked for: every object is meant. */
  readonly isEmpty: boolean
  matches(labels: Labels): boolean
}

const requirement =
  /^\s*(!?)\s*([^\s=!<>(),]+)\s*(?:(==?|!=|[<>])\s*([^\s=!<>(),]*)|\s(in|notin)\s*\(([^()]*)\))?\s*$/

/** Reads a label selector as Kubernetes' `labels.Parse` does; undefined for one that it refuses. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  if (text.trim() === '') return { isEmpty: true, matches: () => true }
  const tests = text.split(/,(?![^(]*\))/).map(parseRequirement)
  const known = tests.filter((test) => test !== undefined)
  if (known.length < tests.length) return undefined
  return { isEmpty: false, matches: (labels) => known.every((test) => test(labels)) }
}

function parseRequirement(text: string): Test | undefined {
  const match = requirement.exec(text)
  if (match === null) return undefined
  const [, not, key = '', sign, value = '', word, list = ''] = match
  if (labelKeyFault(key) !== undefined) return undefined
  if (not === '!') return sign === undefined && word === undefined ? (labels) => !has(labels, key) : undefined
  if (sign === '<' || sign === '>') return compared(key, sign, value)
  if (sign === undefined && word === undefined) return (labels) => has(labels, key)
  const values = word === undefined ? [value] : list.split(',').map((each) => each.trim())
  if (values.some((each) => labelValueFault(each) !== undefined)) return undefined
  // As in Kubernetes, who has no such label has no such value either.
  const isOne: Test = (labels) => has(labels, key) && values.includes(labels[key] ?? '')
  return sign === '!=' || word === 'notin' ? (labels) => !isOne(labels) : isOne
}

function compared(key: string, sign: '<' | '>', limit: string): Test | undefined {
  const than = parseInt64(limit)
  if (than === undefined) return undefined
  return (labels) => {
    const value = has(labels, key) ? parseInt64(labels[key] ?? '') : undefined
    return value !== undefined && (sign === '<' ? value < than : value > than)
  }
}

function has(labels: Labels, key: string): boolean {
  return Object.hasOwn(labels, key)
}
