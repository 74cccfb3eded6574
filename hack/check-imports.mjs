#!/usr/bin/env node
// Fails on every import arrow that docs/architecture.md does not allow, in sources and manifests: between
// packages (by the entry points they declare), from what is shipped to fakes, between the layers of core, and
// on every circle of files.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = resolve(process.argv[2] ?? fileURLToPath(new URL('../packages', import.meta.url)))

/** Which packages a package may import. Those not named here are backends and adapters: core only. */
const mayImport = {
  core: () => false,
  knest: (room) => !['cli', 'testing'].includes(room),
  cli: (room) => room === 'knest',
  // The simulated world runs these, unchanged, on a host in memory.
  testing: (room) =>
    ['core', 'pod-node', 'kubevirt-vm-node', 'persistent-ip-calico', 'controller'].includes(room),
}
/** What is for tests and so not in `dist`, as in tsconfig.build.json. */
const forTests = /(\.test|\.cases)\.ts$|[/\\](fake|sample)-[^/\\]*\.ts$/
/** Libraries that must stay in one place, or few: the folders under packages/. */
const keptIn = {
  socks: 'core/src/kube/proxy',
  // Its server is that of simulated VMs.
  ssh2: ['kubevirt-vm-node', 'testing/src/world'],
  commander: 'cli',
  listr2: 'cli',
}

/**
 * The folders and files at the root of a package's src, lowest layer first. One may import those of layers
 * below it, never its own layer's others. Packages that are not named here have one layer.
 */
const layers = {
  core: [
    ['reasons'],
    ['errors', 'labels', 'defaults', 'yaml-text'],
    ['values'],
    ['contracts', 'signals', 'url-host', 'commands'],
    ['streams', 'ownership', 'rights'],
    ['names', 'phases', 'logs', 'kube', 'network', 'pki', 'node', 'etcd', 'backend-support'],
    ['kubeadm', 'addresses', 'certificates', 'nested-api'],
    ['addons', 'plan', 'registries'],
    ['spec', 'steps', 'observe'],
    ['admission'],
    ['home', 'converge', 'status'],
    ['standalone', 'health', 'doctor', 'forwarding'],
    ['operations'],
    ['clusters'],
    ['public'],
    ['index'],
  ],
  'container-node': [['engine'], ['node'], ['home'], ['host'], ['index']],
}
const layerOf = new Map(
  Object.entries(layers).flatMap(([name, floors]) =>
    floors.flatMap((rooms, layer) => rooms.map((room) => [`${name}/${room}`, layer])),
  ),
)

/** Package names to their folders and the entry points they declare. */
const rooms = new Map(
  readdirSync(packages, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => {
      const { name, exports = {} } = JSON.parse(
        readFileSync(join(packages, entry.name, 'package.json'), 'utf8'),
      )
      return [name, { room: entry.name, doors: Object.keys(exports) }]
    }),
)

const faults = []
/** File to the files it imports; tests are left out, since nothing imports them. */
const graph = new Map()
let crossings = 0
for (const { room } of rooms.values()) {
  checkManifest(room)
  for (const file of sources(join(packages, room, 'src'))) checkSource(room, file)
}
const circles = findCircles(graph)
for (const circle of circles) {
  const names = circle.map((file) => relative(resolve(packages, '..'), file))
  faults.push(`a circle of ${circle.length} files: ${names.join(', ')}`)
}
for (const fault of faults) console.error(fault)
console.log(
  `${graph.size} files, ${circles.length} circles; ${crossings} imports between ${layerOf.size} rooms of ` +
    `${Object.keys(layers).join(' and ')}, core on ${layers.core.length} layers`,
)
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
  if (!target.startsWith(join(packages, room) + sep)) {
    report(file, specifier, 'reaches into another package')
    return
  }
  const source = target.replace(/\.js$/, '.ts')
  if (!graph.has(file)) graph.set(file, [])
  graph.get(file).push(source)
  if (forTests.test(source) && !isForTests(room, file)) report(file, specifier, 'is for tests only')
  if (room in layers) checkLayer(room, file, source, specifier)
}

function checkLayer(name, file, target, specifier) {
  const [from, to] = [file, target].map((path) => `${name}/${topOf(join(packages, name, 'src'), path)}`)
  for (const [room, path] of [
    [from, file],
    [to, target],
  ])
    if (!layerOf.has(room)) report(path, room, `has no place among the layers of ${name}`)
  if (from === to || /\.test\.ts$/.test(file)) return
  crossings++
  if (layerOf.get(to) >= layerOf.get(from)) report(file, specifier, `runs upwards: ${from} is below ${to}`)
}

/** The folder, or the name of the file, at the root of `src`. */
function topOf(src, file) {
  return relative(src, file)
    .split(sep)[0]
    .replace(/(\.test)?\.ts$/, '')
}

/** Strongly connected components of more than one file (Tarjan). */
function findCircles(arrows) {
  const found = []
  const seen = new Map()
  const stack = []
  const visit = (file) => {
    const state = { index: seen.size, low: seen.size, open: true }
    seen.set(file, state)
    stack.push(file)
    for (const target of arrows.get(file) ?? []) {
      const other = seen.get(target) ?? visit(target)
      if (other.open) state.low = Math.min(state.low, other.low)
    }
    if (state.low === state.index) {
      const circle = stack.splice(stack.indexOf(file))
      for (const member of circle) seen.get(member).open = false
      if (circle.length > 1) found.push(circle)
    }
    return state
  }
  for (const file of arrows.keys()) if (!seen.has(file)) visit(file)
  return found
}

function checkArrow(room, file, specifier, isSource) {
  const parts = specifier.split('/')
  const library = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  const homes = [keptIn[library] ?? []].flat()
  const place = isSource ? relative(packages, file).split(sep).join('/') : room
  const inside = homes.some((home) =>
    isSource ? `${place}/`.startsWith(`${home}/`) : home.split('/')[0] === room,
  )
  if (homes.length > 0 && !inside) report(file, specifier, `belongs in ${homes.join(' and ')} only`)
  const target = rooms.get(library)
  if (target === undefined) return
  const door = ['.', ...parts.slice(library.split('/').length)].join('/')
  if (!target.doors.includes(door) && isSource) report(file, specifier, 'is no entry point of its package')
  if (target.room === room) return report(file, specifier, 'imports its own package by name')
  const isTest = isSource && isForTests(room, file)
  const allowed = (mayImport[room] ?? ((other) => other === 'core'))(target.room)
  if (!allowed && !(isTest && target.room === 'testing')) {
    report(file, specifier, `is not for ${room} to import`)
  }
}

function isForTests(room, file) {
  return room === 'testing' || forTests.test(file)
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
