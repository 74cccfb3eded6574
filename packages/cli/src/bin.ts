import { exitCodes } from './exit-codes.js'
import { main } from './main.js'
import { processDeps } from './process-deps.js'

let outputFault: NodeJS.ErrnoException | undefined
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // `knest list | head -1` closes our stdout early; that is no fault.
    if (error.code !== 'EPIPE') outputFault ??= error
  })
}

void main(
  process.argv.slice(2),
  processDeps((code) => process.exit(code)),
).then(async (code) => {
  await Promise.all([written(process.stdout), written(process.stderr)])
  process.exitCode = code
  if (code === 0 && outputFault !== undefined) {
    process.stderr.write(`error: the output could not be written: ${outputFault.message}\n`)
    process.exitCode = exitCodes.prerequisite
  }
  // A connection somebody forgot to close must not keep the command from ending.
  process.exit()
})

/** The reader may be slow; one that is gone is not waited for. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve()
    else stream.write('', () => resolve())
  })
}
