// Bundles the CLI to one CommonJS file. An `import()` of bundled code becomes a wrapper that evaluates
// it when it is first called, so `--help` pays for parsing what it does not need, but does not run it.
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** Importing our packages does nothing by itself: esbuild may drop what is not used of them. */
const pureRooms = {
  name: 'pure-rooms',
  setup(building) {
    building.onResolve({ filter: /^@knest\// }, async ({ path, pluginData, ...from }) => {
      if (pluginData === pureRooms) return undefined
      const found = await building.resolve(path, { ...from, pluginData: pureRooms })
      return { ...found, sideEffects: false }
    })
    building.onResolve({ filter: /^\.{1,2}\// }, async ({ path, pluginData, ...from }) => {
      if (pluginData === pureRooms || !/\/packages\/[^/]+\/dist\//.test(from.importer)) return undefined
      const found = await building.resolve(path, { ...from, pluginData: pureRooms })
      return { ...found, sideEffects: false }
    })
  },
}

const { metafile } = await build({
  entryPoints: [here('dist/bin.js')],
  outfile: here('dist/knest.cjs'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // ssh2's native parts; it works without them.
  external: ['cpu-features'],
  loader: { '.node': 'empty' },
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [pureRooms],
})

if (process.argv.includes('--sizes')) {
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output.inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
  for (const [file, { bytesInOutput }] of inputs.slice(0, 40)) console.log(String(bytesInOutput).padStart(9), file)
}
