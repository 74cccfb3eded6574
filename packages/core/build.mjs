// Puts the reading of kubeconfigs into dist as one file. The library it is from would bring 20 packages, among
// them one that Node.js 20 does not import; `overrides` of the root manifest hold for this repository only.
import { build } from 'esbuild'
import { join } from 'node:path'
import { kubeConfigOnly, resolveDir, source } from './kubeconfig-only.mjs'

await build({
  stdin: { contents: source, resolveDir },
  outfile: join(resolveDir, 'dist', 'kube', 'kube-config.js'),
  allowOverwrite: true,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // CommonJS parts of it ask for Node's own modules.
  banner: {
    js: `import { createRequire as knestRequire } from 'node:module'; const require = knestRequire(import.meta.url)`,
  },
  legalComments: 'inline',
  logLevel: 'warning',
  plugins: [kubeConfigOnly],
})
