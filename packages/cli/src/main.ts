import { withPlainBooleans } from './boolean-words.js'
import type { Deps } from './deps.js'
import { buildProgram } from './program.js'
import { reportError } from './report-error.js'

/** Runs one command line (without `node` and the script); gives the exit code. Never throws. */
export async function main(argv: readonly string[], deps: Deps): Promise<number> {
  const program = buildProgram(deps, argv)
  try {
    const words = argv.length === 0 ? ['--help'] : withPlainBooleans(program, argv)
    await program.parseAsync([...words], { from: 'user' })
    return 0
  } catch (error) {
    const { verbose } = deps.messages.use(program)
    return reportError(error, deps.messages, verbose === true)
  }
}
