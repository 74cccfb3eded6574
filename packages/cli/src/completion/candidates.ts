import type { Command, Option } from 'commander'

export interface Candidate {
  readonly text: string
  readonly description: string
}

/** Gives the names of the clusters there are; must not fail. */
export type ClusterNames = (words: readonly string[]) => Promise<readonly string[]>

/** Gives the names of the templates, as in `quickstart`. */
export type TemplateNames = () => Promise<readonly string[]>

/** What may stand where the last of `words` stands; it may be empty or half typed. */
export async function candidates(
  program: Command,
  words: readonly string[],
  clusterNames: ClusterNames,
  templateNames: TemplateNames,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  if (before.includes('--')) return []
  const { command, operands, pending } = walk(program, before)
  const all =
    pending !== undefined
      ? await optionValues(pending, typed, templateNames)
      : typed.startsWith('-')
        ? flags(program, command)
        : await values(command, operands, () => clusterNames(words))
  return all.filter(({ text }) => text.startsWith(typed))
}

interface Position {
  readonly command: Command
  readonly operands: number
  /** The option whose value comes next. */
  readonly pending: Option | undefined
}

function walk(program: Command, words: readonly string[]): Position {
  let command = program
  let operands = 0
  let pending: Option | undefined
  for (const word of words) {
    if (pending !== undefined) pending = undefined
    else if (word.startsWith('-')) pending = takesValue(program, command, word)
    else {
      const sub = operands === 0 ? visibleCommands(command).find((child) => isNamed(child, word)) : undefined
      if (sub === undefined) operands++
      else command = sub
    }
  }
  return { command, operands, pending }
}

function takesValue(program: Command, command: Command, word: string): Option | undefined {
  const option = [...command.options, ...program.options].find(
    (each) => each.long === word || each.short === word,
  )
  return option?.required === true ? option : undefined
}

async function optionValues(
  { argChoices, long }: Option,
  typed: string,
  templateNames: TemplateNames,
): Promise<readonly Candidate[]> {
  if (argChoices !== undefined) return argChoices.map(plain)
  // The shell completes file names only where we have nothing to offer.
  const mayBeTemplate = (long === '--from' || long === '--filename') && typed.startsWith('templates')
  return mayBeTemplate ? (await templateNames()).map((name) => plain(`templates/${name}`)) : []
}

function flags(program: Command, command: Command): readonly Candidate[] {
  return [...command.options, ...program.options]
    .filter((option) => !option.hidden && option.long != null)
    .map((option) => ({ text: option.long ?? '', description: option.description }))
}

async function values(
  command: Command,
  operands: number,
  clusterNames: () => Promise<readonly string[]>,
): Promise<readonly Candidate[]> {
  const commands = visibleCommands(command)
  const offered =
    operands > 0 ? [] : commands.map((child) => ({ text: child.name(), description: child.description() }))
  const argument = command.registeredArguments[operands]
  if (argument?.argChoices !== undefined) return [...offered, ...argument.argChoices.map(plain)]
  const namesExisting =
    argument?.name() === 'name' && command.name() !== 'create' && command.name() !== 'preflight'
  return namesExisting ? [...offered, ...(await clusterNames()).map(plain)] : offered
}

function visibleCommands(command: Command): readonly Command[] {
  return command.commands.filter((child) => !child.name().startsWith('__'))
}

function isNamed(command: Command, word: string): boolean {
  return command.name() === word || command.aliases().includes(word)
}

function plain(text: string): Candidate {
  return { text, description: '' }
}
