// Bundles the simulated world with the sources it runs. docs/testing.md.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { build } from 'esbuild'

/** @param {string} root where the packages are, with "/" at its end */
export async function bundleWorld(root, outfile) {
  const sourceOf = (room) => `${root}packages/${room}/src/index.ts`
  mkdirSync(dirname(outfile), { recursive: true })
  await build({
    entryPoints: [`${root}packages/testing/src/world/main.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    alias: {
      '@knest/core': sourceOf('core'),
      '@knest/pod-node': sourceOf('pod-node'),
      '@knest/kubevirt-vm-node': sourceOf('kubevirt-vm-node'),
      '@knest/persistent-ip-calico': sourceOf('persistent-ip-calico'),
      '@knest/controller': sourceOf('controller'),
    },
    logLevel: 'warning',
  })
}
