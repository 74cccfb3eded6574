// `npm run world`: bundles the simulated world with the sources it runs, and starts it. docs/testing.md.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const outfile = `${root}node_modules/.cache/knest/world.mjs`
const sourceOf = (room) => `${root}packages/${room}/src/index.ts`
mkdirSync(`${root}node_modules/.cache/knest`, { recursive: true })
await build({
  entryPoints: [`${root}packages/testing/src/world/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  alias: {
    '@knest/core': sourceOf('core'),
    '@knest/pod-node': sourceOf('pod-node'),
    '@knest/controller': sourceOf('controller'),
  },
  logLevel: 'warning',
})
const child = spawn(process.execPath, ['--enable-source-maps', outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
child.once('exit', (code) => (process.exitCode = code ?? 1))
