// `npm run dev`: compiles what a saved file touches and bundles the command again, until Ctrl-C. bin/knest and
// e2e tests then run what was saved; unit tests read the sources and need no build.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (argv, stdio) => spawn(process.execPath, argv, { cwd: root, stdio })

let isBundling = false
let isStale = false

function bundle() {
  isStale = isBundling
  if (isBundling) return
  isBundling = true
  run(['packages/cli/build.mjs'], 'inherit').once('exit', (code) => {
    console.log(code === 0 ? 'bin/knest is up to date' : 'bin/knest was not bundled')
    isBundling = false
    if (isStale) bundle()
  })
}

const compiler = run(
  ['node_modules/typescript/bin/tsc', '-b', '--watch', '--preserveWatchOutput'],
  ['ignore', 'pipe', 'inherit'],
)
compiler.stdout.setEncoding('utf8').on('data', (text) => {
  process.stdout.write(text)
  if (text.includes('Found 0 errors')) bundle()
})
compiler.once('exit', (code) => (process.exitCode = code ?? 1))
