import { readdirSync, readFileSync } from 'node:fs'

/** The folder of the checkout; `build.mjs` puts its files into the bundle instead. */
const folder = new URL('../../../../templates/', import.meta.url)

/** The cluster files people start from: YAML by name, as in `ha-persistent`. */
export const templates: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(folder)
    .sort()
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => [file.slice(0, -'.yaml'.length), readFileSync(new URL(file, folder), 'utf8')]),
)
