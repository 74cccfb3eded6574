import { knestCommand, KnestError } from 'knest'
import { Command, type CommanderError } from 'commander'
import { applyCommand } from './commands/apply.js'
import { certsCommand } from './commands/certs.js'
import { completeCommand } from './commands/complete.js'
import { completionCommand } from './commands/completion.js'
import { controllerCommand } from './commands/controller.js'
import { createCommand } from './commands/create.js'
import { deleteCommand } from './commands/delete.js'
import { doctorCommand } from './commands/doctor.js'
import { extendCommand } from './commands/extend.js'
import { healCommand } from './commands/heal.js'
import { hostCommand } from './commands/host/host.js'
import { imagesCommand } from './commands/images.js'
import { kubeconfigCommand } from './commands/kubeconfig.js'
import { listCommand } from './commands/list.js'
import { loadCommand } from './commands/load.js'
import { exportLogsCommand, logsCommand } from './commands/logs-export.js'
import { openCommand } from './commands/open.js'
import { optionsCommand } from './commands/options.js'
import { pauseCommand, resumeCommand } from './commands/pause.js'
import { planCommand } from './commands/plan.js'
import { preflightCommand } from './commands/preflight.js'
import { renderCommand } from './commands/render.js'
import { scaleCommand } from './commands/scale.js'
import { schemaCommand } from './commands/schema.js'
import { shellCommand } from './commands/shell.js'
import { sshCommand } from './commands/ssh.js'
import { statusCommand } from './commands/status.js'
import { upgradeCommand } from './commands/upgrade.js'
import { versionCommand } from './commands/version.js'
import type { Deps } from './deps.js'
import { addGlobalOptions } from './global-options.js'
import { version } from 'knest'

/**
 * The command line that can read `words`. Building it costs nothing: what is costly hangs on `deps`. Beside a
 * command, `--version` is that command's own and not ours.
 */
export function buildProgram(deps: Deps, words: readonly string[] = []): Command {
  const program = new Command('knest')
    .description('Kubernetes clusters inside a Kubernetes cluster')
    .helpCommand('help [command]', 'show the help of a command')
  addGlobalOptions(program, words)
  program.hook('preAction', (_program, command) => void deps.messages.use(command))
  for (const command of [
    createCommand(deps),
    applyCommand(deps),
    planCommand(deps),
    listCommand(deps),
    statusCommand(deps),
    kubeconfigCommand(deps),
    shellCommand(deps),
    sshCommand(deps),
    openCommand(deps),
    loadCommand(deps),
    imagesCommand(deps),
    scaleCommand(deps),
    healCommand(deps),
    upgradeCommand(deps),
    pauseCommand(deps),
    resumeCommand(deps),
    extendCommand(deps),
    certsCommand(deps),
    logsCommand(deps),
    deleteCommand(deps),
    doctorCommand(deps),
    preflightCommand(deps),
    hostCommand(deps),
    renderCommand(deps),
    schemaCommand(deps),
    completionCommand(deps),
    optionsCommand(deps),
    versionCommand(deps),
  ]) {
    program.addCommand(command)
  }
  program.addCommand(exportLogsCommand(deps), { hidden: true })
  program.addCommand(controllerCommand(deps), { hidden: true })
  program.addCommand(
    completeCommand(deps, () => buildProgram(deps)),
    { hidden: true },
  )
  const namesCommand = program.commands.some((command) => words.includes(command.name()))
  if (!namesCommand) program.version(version, '--version', 'print the version of knest')
  settle(program, deps)
  return program
}

/** Nothing exits or prints by itself: `main` does. */
function settle(command: Command, deps: Deps, path = command.name()): void {
  command
    .exitOverride((error) => {
      throw error.exitCode === 0 || error.code === 'commander.help' ? error : usageError(error, path)
    })
    .showHelpAfterError(false)
    .configureHelp({ showGlobalOptions: command.parent !== null })
    .configureOutput({
      writeOut: (text) => {
        deps.messages.use(command)
        deps.streams.out(text)
      },
      writeErr: (text) => {
        deps.messages.use(command)
        deps.messages.must('help', { text }, text)
      },
      outputError: () => undefined,
    })
  for (const child of command.commands) settle(child, deps, `${path} ${child.name()}`)
}

/** commander's second line, if any, is a suggestion. */
function usageError(error: CommanderError, path: string): KnestError {
  const [message = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n')
  return new KnestError('usage', message.replace(/\.$/, ''), {
    hint: [...suggestions, `see ${knestCommand(...path.split(' ').slice(1), '--help')}`].join(' '),
  })
}
