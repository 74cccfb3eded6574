// `npm run world`: bundles the simulated world with the sources it runs, and starts it. docs/testing.md.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundleWorld } from './bundle-world.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const outfile = `${root}node_modules/.cache/knest/world.mjs`
await bundleWorld(root, outfile)
const child = spawn(process.execPath, ['--enable-source-maps', outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
child.once('exit', (code) => (process.exitCode = code ?? 1))
