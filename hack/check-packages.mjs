#!/usr/bin/env node
// Fails when a package that is published would not work as npm would pack it: by publint, and when it has
// files that are no build of its sources, or are for tests.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
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
/** At the start of a line, or inside a type, as tsc writes them. */
const typeImports =
  /^(?:import\s*|(?:(?:import|export)\b[^'"\n]*|\})\s*\bfrom\s*)['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm
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
  await checkImports(manifest, path)
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

/** All that its entry points lead to, code and types, must be Node's own, the package's or a dependency. */
async function checkImports({ name, exports, dependencies = {} }, path) {
  const targets = Object.values(exports).filter((target) => typeof target !== 'string')
  const types = targets.map((target) => join(path, target.types))
  const code = targets.map((target) => join(path, target.default))
  for (const specifier of new Set([...importsOfTypes(types), ...(await importsOfCode(code))])) {
    const library = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    if (isBuiltin(specifier) || dependencies[library] !== undefined) continue
    faults.push(`${name}: what is packed imports "${specifier}", which is no dependency`)
  }
}

async function importsOfCode(entryPoints) {
  const options = { bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'error' }
  const { metafile } = await build({
    ...options,
    entryPoints,
    metafile: true,
    write: false,
    outdir: 'nowhere',
  })
  const outputs = Object.values(metafile.outputs)
  return outputs.flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map((found) => found.path),
  )
}

function importsOfTypes(entryPoints) {
  const waiting = [...entryPoints]
  const seen = new Set()
  const found = []
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, atStart, inside] of readFileSync(file, 'utf8').matchAll(typeImports)) {
      const specifier = atStart ?? inside
      if (specifier.startsWith('.')) waiting.push(resolve(file, '..', specifier.replace(/\.js$/, '.d.ts')))
      else found.push(specifier)
    }
  }
  return found
}

/** What npm would pack, for publint. */
function inMemory(path, files) {
  return files.map((file) => {
    const data = readFileSync(join(path, file.path))
    return { name: `package/${file.path}`, data }
  })
}
