import { Command } from 'commander'
import { visibleOptions } from '../connection-options.js'
import type { Deps } from '../deps.js'

/** As `kubectl options`. */
export function optionsCommand(deps: Deps): Command {
  const command = new Command('options')
    .description('list the options that every command takes, those of kubectl for the host among them')
    .action(() => {
      const all = new Command('knest').helpOption(false)
      for (const option of visibleOptions(command.parent ?? command)) all.addOption(option)
      const help = all.createHelp()
      const rows = help.visibleOptions(all)
      const width = Math.max(...rows.map((option) => help.optionTerm(option).length))
      const lines = rows.map(
        (option) => `  ${help.optionTerm(option).padEnd(width)}  ${help.optionDescription(option)}\n`,
      )
      deps.streams.out(`The following options can be passed to any command:\n\n${lines.join('')}`)
    })
  return command
}
