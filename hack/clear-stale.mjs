// Before a build: tsc leaves what it made of sources that have moved or gone since, and npm would pack it.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { strange } from './lib/outputs.mjs'

const packages = fileURLToPath(new URL('../packages', import.meta.url))
for (const name of readdirSync(packages)) {
  const folder = join(packages, name)
  if (!existsSync(join(folder, 'dist'))) continue
  for (const entry of readdirSync(join(folder, 'dist'), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const file = relative(folder, path).split(sep).join('/')
    if (entry.isFile() && strange(folder, file) !== undefined) rmSync(path)
  }
}
