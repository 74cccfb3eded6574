import type { Command } from 'commander'

/** commander drops `--`, which tells the command's own operands from the command it is to run. */
export function splitWords(self: Command): {
  readonly operands: readonly string[]
  readonly command: readonly string[]
} {
  const { rawArgs = [] } = (self.parent ?? self) as Command & { readonly rawArgs?: readonly string[] }
  const dashes = rawArgs.indexOf('--')
  const command = dashes === -1 ? [] : rawArgs.slice(dashes + 1)
  return { operands: self.args.slice(0, self.args.length - command.length), command }
}
