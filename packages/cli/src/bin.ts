import { main } from './main.js'
import { processDeps } from './process-deps.js'

/** `knest list | head -1` closes our stdout early; that is no fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

void main(
  process.argv.slice(2),
  processDeps((code) => process.exit(code)),
).then((code) => {
  process.exitCode = code
  // A connection somebody forgot to close must not keep the command from ending.
  setTimeout(() => process.exit(), 2000).unref()
})
