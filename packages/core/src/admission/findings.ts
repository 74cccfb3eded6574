import type { Problem } from '../errors.js'

/** A problem of one object of many that are alike but for their names. */
export interface Finding extends Problem {
  /** As in `the pods of pool "worker"`; a part of the message. */
  readonly whose: string
  /** Its name, where the message has it. */
  readonly name?: string
}

const flag = /--(control-plane|worker)-machine-[a-z-]+( \d[\w.]*)?/

/** The same of several objects is one problem, which names all of them. Pure. */
export function merged(findings: readonly Finding[]): readonly Problem[] {
  const groups = new Map<string, Finding[]>()
  for (const finding of findings) {
    const key = keyOf(finding)
    groups.set(key, [...(groups.get(key) ?? []), finding])
  }
  return [...groups.values()].flatMap((group) => together(group) ?? [])
}

function keyOf({ severity, message, hint, whose, name }: Finding): string {
  const text = message.replaceAll(whose, 'WHOSE')
  const of = name === undefined ? text : text.replaceAll(`${name}-0`, 'NAME').replaceAll(name, 'NAME')
  return [severity, of, hint.replace(flag, 'FLAG$2'), kindOf(whose)].join('\n')
}

/** As in `the pods`, `Secret`. */
function kindOf(whose: string): string {
  return whose.includes(' of ') ? whose.split(' of ').slice(0, 1).join() : whose.replace(/ ".*/, '')
}

function together(group: readonly Finding[]): Problem | undefined {
  const [first] = group
  if (first === undefined) return undefined
  const owners = [...new Set(group.map(({ whose }) => whose))]
  const named = owners.map((whose, index) =>
    index === 0 || !whose.includes(' of ') ? whose : whose.split(' of ').slice(1).join(' of '),
  )
  const flags = [...new Set(group.map(({ hint }) => flag.exec(hint)?.[0]).filter((one) => one !== undefined))]
  return {
    ...(first.reason === undefined ? {} : { reason: first.reason }),
    severity: first.severity,
    message: first.message.replaceAll(first.whose, named.join(' and ')),
    hint: first.hint.replace(flag, flags.join(' and ')),
  }
}
