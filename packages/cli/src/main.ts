import type { Deps } from './deps.js'
import { globalOptions } from './global-options.js'
import { buildProgram } from './program.js'
import { reportError } from './report-error.js'

/** Runs one command line (without `node` and the script); gives the exit code. Never throws. */
export async function main(argv: readonly string[], deps: Deps): Promise<number> {
  const program = buildProgram(deps, argv)
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' })
    return 0
  } catch (error) {
    const options = globalOptions(program)
    // A command line that is wrong ends before its command begins.
    deps.messages.use(options)
    return reportError(error, deps.messages, options.verbose === true)
  }
}
