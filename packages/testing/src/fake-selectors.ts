import { KnestError } from '@knest/core'
import type { KubeObject } from '@knest/core'

type Labels = Readonly<Record<string, string>>

/** The label selectors of the API: equality, sets and existence, with commas between. Throws `config`. */
export function labelMatcher(selector = ''): (labels: Labels) => boolean {
  const tests = selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(labelTest)
  return (labels) => tests.every((test) => test(labels))
}

function labelTest(text: string): (labels: Labels) => boolean {
  const match = /^(!?)([\w./-]+)(?:\s*(==?|!=)\s*([\w.-]*)|\s+(in|notin)\s*\(([\w.,\s-]*)\))?$/.exec(text)
  if (match === null) throw new KnestError('config', `memory: unable to parse requirement "${text}"`)
  const [, not = '', name = '', sign, value = '', word, list = ''] = match
  const values = list.split(',').map((each) => each.trim())
  if (sign === '!=') return (labels) => labels[name] !== value
  if (sign !== undefined) return (labels) => labels[name] === value
  if (word === 'notin') return (labels) => !values.includes(labels[name] ?? '\0')
  if (word === 'in') return (labels) => values.includes(labels[name] ?? '\0')
  return (labels) => (labels[name] === undefined) === (not === '!')
}

const ofEveryKind = ['metadata.name', 'metadata.namespace']
const ofKind: Readonly<Record<string, readonly string[]>> = {
  Event: ['type', 'reason', 'involvedObject.kind', 'involvedObject.name'],
  Pod: ['spec.nodeName', 'status.phase'],
  Service: ['spec.clusterIP', 'spec.type'],
}

/** The field selectors that the API has for a kind: a few fields, equal or not. Throws `config` on others. */
export function fieldMatcher(kind: string, selector = ''): (object: KubeObject) => boolean {
  const tests = selector
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, field = '', sign, value] = /^([\w.]+)(==?|!=)(.*)$/.exec(part) ?? []
      if (![...ofEveryKind, ...(ofKind[kind] ?? [])].includes(field))
        throw new KnestError('config', `memory: field label not supported: ${field === '' ? part : field}`)
      return (object: KubeObject): boolean => (fieldOf(object, field) === value) === (sign !== '!=')
    })
  return (object) => tests.every((test) => test(object))
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name]
  return typeof value === 'string' ? value : ''
}
