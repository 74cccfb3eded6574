// For esbuild, here and in packages/cli: the one part of the Kubernetes client that knest uses.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const source = "export { KubeConfig } from '@kubernetes/client-node'"
export const resolveDir = fileURLToPath(new URL('.', import.meta.url))

/** Of the Kubernetes client only the reading of kubeconfigs and their credentials is used: 0.4 of 4 MB. */
export const kubeConfigOnly = {
  name: 'kubeconfig-only',
  setup(building) {
    // What build.mjs has made of it is bundled as a whole already; bundled once more, it would not find Node's own.
    building.onLoad({ filter: /[/\\]core[/\\]dist[/\\]kube[/\\]kube-config\.js$/ }, () => ({
      contents: source,
      resolveDir,
    }))
    building.onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === kubeConfigOnly) return undefined
      const { path: door } = await building.resolve(path, { ...from, pluginData: kubeConfigOnly })
      return { path: door, namespace: 'kubeconfig-only' }
    })
    building.onLoad({ filter: /.*/, namespace: 'kubeconfig-only' }, ({ path: door }) => ({
      contents: `export { KubeConfig } from ${JSON.stringify(join(dirname(door), 'config.js'))}`,
      resolveDir: dirname(door),
    }))
    // Importing its files has no effects: esbuild may leave out those of which nothing is used.
    building.onResolve({ filter: /^\.\.?\// }, async ({ path, importer, pluginData, ...from }) => {
      if (pluginData === kubeConfigOnly || !importer.includes('/@kubernetes/client-node/')) return undefined
      const found = await building.resolve(path, { ...from, importer, pluginData: kubeConfigOnly })
      return { ...found, sideEffects: false }
    })
  },
}
