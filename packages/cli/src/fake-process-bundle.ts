import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const packages = new URL('../../', import.meta.url)

/** `fake-process.ts` as one file that Node runs, made of the sources as unit tests are. */
export async function bundleFakeProcess(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('fake-process.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    external: ['cpu-features', '*.node'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    plugins: [sources, withoutTests],
  })
}

const sources: Plugin = {
  name: 'sources',
  setup(building) {
    const doors = doorsOfPackages()
    building.onResolve({ filter: /^(@knest\/|knest)/ }, ({ path }) => {
      const source = doors.get(path)
      return source === undefined ? undefined : { path: source }
    })
  },
}

function doorsOfPackages(): ReadonlyMap<string, string> {
  const doors = new Map<string, string>()
  for (const folder of readdirSync(packages)) {
    const { name, exports } = JSON.parse(
      readFileSync(new URL(`${folder}/package.json`, packages), 'utf8'),
    ) as {
      readonly name: string
      readonly exports?: Readonly<Record<string, string | { readonly default: string }>>
    }
    for (const [door, target] of Object.entries(exports ?? {})) {
      if (typeof target === 'string') continue
      const file = target.default.replace(/^\.\/dist\/(.*)\.js$/, './src/$1.ts')
      doors.set(name + door.slice(1), fileURLToPath(new URL(`${folder}/${file}`, packages)))
    }
  }
  return doors
}

/** The fakes stand beside contract suites, which no process of its own can load. */
const withoutTests: Plugin = {
  name: 'without-tests',
  setup(building) {
    building.onResolve({ filter: /^vitest$/ }, () => ({ path: 'vitest', namespace: 'none' }))
    building.onLoad({ filter: /.*/, namespace: 'none' }, () => ({
      contents: 'module.exports = {}',
      loader: 'js',
    }))
  },
}
