import { Argument, Command } from 'commander'
import type { ShellName } from '../completion/scripts.js'
import type { Deps } from '../deps.js'

export interface CompletionOptions {
  readonly shell: ShellName
}

export async function completionRun(deps: Deps, options: CompletionOptions): Promise<void> {
  const { completionScript } = await import('../completion/scripts.js')
  deps.streams.out(completionScript(options.shell))
}

export function completionCommand(deps: Deps, run: typeof completionRun = completionRun): Command {
  return new Command('completion')
    .description('print a script that makes a shell complete knest commands, flags and cluster names')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nIn ~/.bashrc: source <(knest completion bash)\nIn ~/.zshrc:  source <(knest completion zsh)\nFor fish:     knest completion fish > ~/.config/fish/completions/knest.fish',
    )
    .action((shell: ShellName) => run(deps, { shell }))
}
