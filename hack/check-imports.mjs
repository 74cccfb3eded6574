#!/usr/bin/env node
// Fails on every import arrow that docs/architecture.md does not allow, in sources and manifests.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = resolve(process.argv[2] ?? fileURLToPath(new URL('../packages', import.meta.url)))

/** Which rooms a room may import. Rooms not named here are backends and adapters: core only. */
const mayImport = {
  core: () => false,
  testing: (room) => room === 'core',
  cli: (room) => room !== 'testing',
}
/** Libraries that must stay in one place: the folder under packages/. */
const keptIn = {
  '@kubernetes/client-node': 'core/src/host',
  ssh2: 'kubevirt-vm-node',
  commander: 'cli',
  listr2: 'cli',
}

const faults = []
for (const room of readdirSync(packages, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  checkManifest(room.name)
  for (const file of sources(join(packages, room.name, 'src'))) checkSource(room.name, file)
}
for (const fault of faults) console.error(fault)
console.log(
  faults.length === 0 ? 'all imports point the right way' : `${faults.length} imports point the wrong way`,
)
process.exitCode = faults.length === 0 ? 0 : 1

function checkManifest(room) {
  const file = join(packages, room, 'package.json')
  const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8'))
  for (const name of Object.keys(dependencies)) checkArrow(room, file, name, false)
}

function checkSource(room, file) {
  const text = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const imports = text.matchAll(/\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g)
  for (const [, , specifier] of imports) {
    if (specifier.startsWith('.')) checkInside(room, file, specifier)
    else checkArrow(room, file, specifier, true)
  }
}

function checkInside(room, file, specifier) {
  const target = resolve(file, '..', specifier)
  if (!target.startsWith(join(packages, room) + sep)) report(file, specifier, 'reaches into another package')
}

function checkArrow(room, file, specifier, isSource) {
  const parts = specifier.split('/')
  const library = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  const home = keptIn[library]
  const place = isSource ? relative(packages, file).split(sep).join('/') : room
  const inside = isSource ? `${place}/`.startsWith(`${home}/`) : home?.split('/')[0] === room
  if (home !== undefined && !inside) report(file, specifier, `belongs in ${home} only`)
  if (parts[0] !== '@knest') return
  if (parts.length > 2) report(file, specifier, 'goes past the door of a package')
  if (parts[1] === room) return report(file, specifier, 'imports its own package by name')
  // Fakes are for tests, too.
  const isTest = isSource && /(\.test\.ts|[/\\]fake-[^/\\]*\.ts)$/.test(file)
  const allowed = (mayImport[room] ?? ((other) => other === 'core'))(parts[1])
  if (!allowed && !(isTest && parts[1] === 'testing')) report(file, specifier, `is not for ${room} to import`)
}

function report(file, specifier, why) {
  faults.push(`${relative(resolve(packages, '..'), file)}: "${specifier}" ${why}`)
}

function sources(folder) {
  try {
    const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
    return entries
      .filter((entry) => entry.isFile() && /\.[mc]?ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}
