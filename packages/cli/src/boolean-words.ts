import type { Command, Option } from 'commander'

/** As Go's strconv.ParseBool reads them, which kubectl's flags are read by. */
export const booleanWords: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
])

/** kubectl's three: knest asks the host and makes nothing, whichever of the first two is said. */
const dryRunWords: ReadonlyMap<string, boolean> = new Map([
  ...booleanWords,
  ['client', true],
  ['server', true],
  ['none', false],
])

/**
 * The words with `--flag=true` and `--flag=false` as commander reads them: `--flag`, and nothing or `--no-flag`. What
 * comes after `--` is another program's.
 */
export function withPlainBooleans(program: Command, words: readonly string[]): readonly string[] {
  const plain: string[] = []
  let command = program
  let options: readonly Option[] = program.options
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') return [...plain, ...words.slice(at)]
    const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? []
    const option = options.find(({ long, short }) => long === name || short === name)
    const isSwitch = option?.isBoolean() === true || option?.negate === true
    const read = name === '--dry-run' ? dryRunWords : booleanWords
    const isTrue = isSwitch && value !== undefined ? read.get(value) : undefined
    if (isTrue === undefined) plain.push(word)
    else {
      const opposite = `--no-${name.slice(2)}`
      if (isTrue) plain.push(name)
      else if (options.some(({ long }) => long === opposite)) plain.push(opposite)
    }
    if (option?.required === true && value === undefined && at + 1 < words.length) {
      at += 1
      plain.push(words[at] ?? '')
    }
    const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
    if (child === undefined) continue
    command = child
    options = [...options, ...child.options]
  }
  return plain
}
