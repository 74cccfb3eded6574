import { basename, join } from 'node:path'

export interface ShellStart {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Files to write into `directory` first, by name. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * How to start a shell that has our KUBECONFIG and prompt after its own start-up files have run.
 * `home` is where zsh looks for the user's files.
 */
export function shellStart(
  shell: string,
  {
    prompt,
    kubeconfig,
    directory,
    home,
  }: { prompt: string; kubeconfig: string; directory: string; home: string },
): ShellStart {
  const set = `export KUBECONFIG='${kubeconfig}'`
  const posix = `${set}\nPS1='${prompt} '"$PS1"\n`
  switch (basename(shell)) {
    case 'bash':
      return {
        argv: [shell, '--rcfile', join(directory, 'bashrc'), '-i'],
        env: {},
        files: { bashrc: `[ -r ~/.bashrc ] && . ~/.bashrc\n${posix}` },
      }
    case 'zsh':
      return {
        argv: [shell, '-i'],
        env: { ZDOTDIR: directory, KNEST_ZDOTDIR: home },
        files: {
          '.zshenv': `ZDOTDIR=$KNEST_ZDOTDIR\n[ -r "$ZDOTDIR/.zshenv" ] && . "$ZDOTDIR/.zshenv"\nKNEST_ZDOTDIR=$ZDOTDIR ZDOTDIR='${directory}'\n`,
          '.zshrc': `ZDOTDIR=$KNEST_ZDOTDIR\n[ -r "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"\n${set}\nPROMPT='${prompt} '"$PROMPT"\n`,
        },
      }
    case 'fish':
      return { argv: [shell, '-i', '-C', fishStart(prompt, kubeconfig)], env: {}, files: {} }
    default:
      return {
        argv: [shell, '-i'],
        env: { ENV: join(directory, 'shrc') },
        files: { shrc: posix },
      }
  }
}

function fishStart(prompt: string, kubeconfig: string): string {
  return [
    `set -gx KUBECONFIG '${kubeconfig}'`,
    'functions -q fish_prompt; and functions -c fish_prompt knest_inner_prompt',
    `function fish_prompt; echo -n '${prompt} '; functions -q knest_inner_prompt; and knest_inner_prompt; or echo -n '> '; end`,
  ].join('\n')
}
