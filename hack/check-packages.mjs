#!/usr/bin/env node
// Fails when a package that is published would not work as npm would pack it: by publint, and when it has
// files that are no build of its sources, or are for tests.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { strange } from './lib/outputs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const published = readdirSync(join(root, 'packages'))
  .map((folder) => {
    const path = join(root, 'packages', folder)
    return { path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) }
  })
  .filter(({ manifest }) => manifest.private !== true)
const faults = []

const workspaces = published.flatMap(({ manifest }) => ['--workspace', manifest.name])
const packed = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', ...workspaces], { cwd: root, encoding: 'utf8' }),
)
let count = 0
for (const { path, manifest } of published) {
  const { files } = Object.values(packed).find(({ name }) => name === manifest.name)
  count += files.length
  checkFiles(
    manifest,
    path,
    files.map((file) => file.path),
  )
  const { messages } = await publint({
    pkgDir: 'package',
    strict: true,
    pack: { files: inMemory(path, files) },
  })
  for (const message of messages) faults.push(`${manifest.name}: ${formatMessage(message, manifest)}`)
}
for (const fault of faults) console.error(fault)
console.log(`${published.length} packages of ${count} files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

function checkFiles({ name, bin = {} }, path, files) {
  for (const needed of ['LICENSE', ...Object.values(bin)]) {
    if (!files.includes(needed))
      faults.push(`${name}: ${needed} is missing; npm run build makes what is built`)
  }
  for (const file of files) {
    const why = strange(path, file)
    if (why !== undefined) faults.push(`${name}: ${file} ${why}`)
  }
}

/** What npm would pack, for publint. */
function inMemory(path, files) {
  return files.map((file) => {
    const data = readFileSync(join(path, file.path))
    return { name: `package/${file.path}`, data }
  })
}
