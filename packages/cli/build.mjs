// Bundles the CLI to CommonJS that starts quickly. Node needs 30 ms for each MB it only parses, so
// everything behind an `import()` is a file of its own beside dist/knest.cjs, in dist/knest.
import { build, transform } from 'esbuild'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const entry = 'knest.cjs'

/** An installed command has no checkout to read templates from. */
const embeddedTemplates = {
  name: 'embedded-templates',
  setup(building) {
    building.onLoad({ filter: /[/\\]cli[/\\]dist[/\\]parts[/\\]templates\.js$/ }, async () => {
      const folder = here('../../templates/')
      const files = (await readdir(folder)).sort().filter((file) => file.endsWith('.yaml'))
      const read = async (file) => [basename(file, '.yaml'), await readFile(join(folder, file), 'utf8')]
      const templates = Object.fromEntries(await Promise.all(files.map(read)))
      return { contents: `export const templates = ${JSON.stringify(templates)}` }
    })
  },
}

const { outputFiles, metafile } = await build({
  entryPoints: [{ in: here('dist/bin.js'), out: 'knest' }],
  chunkNames: 'knest/[name]-[hash]',
  outExtension: { '.js': '.cjs' },
  outdir: here('dist'),
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // ssh2's native parts; it works without them.
  external: ['cpu-features'],
  loader: { '.node': 'empty' },
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [embeddedTemplates],
})

await rm(here('dist/knest'), { recursive: true, force: true })
await mkdir(here('dist/knest'))
const sizes = {}
for (const { path, text } of outputFiles) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    supported: { 'dynamic-import': false },
  })
  sizes[basename(path)] = code.length
  await writeFile(path, basename(path) === entry ? `#!/usr/bin/env node\n${code}` : code)
}

/** One `import` of a value that belongs behind an `import()` makes every command slower by 50 ms. */
const startLimit = 164_000
const startSize = [...neededBy(join('dist', entry))].reduce((sum, path) => sum + sizes[basename(path)], 0)
if (startSize > startLimit) {
  throw new Error(`the start of the command needs ${startSize} bytes of code, and ${startLimit} are allowed`)
}

if (process.argv.includes('--sizes')) {
  for (const [name, { inputs, imports }] of Object.entries(metafile.outputs)) {
    const needs = imports.filter(({ kind, external }) => kind === 'import-statement' && !external)
    console.log(
      `${sizes[basename(name)]} ${basename(name)} needs ${needs.map(({ path }) => basename(path)).join(' ')}`,
    )
    const largest = Object.entries(inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    for (const [file, { bytesInOutput }] of largest.slice(0, 8)) console.log(`  ${bytesInOutput} ${file}`)
  }
}

/** The chunk and all that it imports before it runs. */
function neededBy(name, seen = new Set()) {
  const path = Object.keys(metafile.outputs).find((output) => output.endsWith(name))
  if (seen.has(path)) return seen
  seen.add(path)
  for (const { kind, external, path: needed } of metafile.outputs[path].imports) {
    if (kind === 'import-statement' && !external) neededBy(needed, seen)
  }
  return seen
}
