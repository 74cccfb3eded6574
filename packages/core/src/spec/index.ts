export { nestedClusterCrd, statusCounts } from './crd.js'
export { clusterFileJsonSchema } from './json-schema.js'
export * as specDefaults from '../defaults.js'
export { endOf, extendedTtl } from './lifetime.js'
export { ownerOf } from './owner.js'
export { specFromObject, toManifest } from './manifest.js'
export { modernSpec } from './old-spellings.js'
export { mergeInput } from './merge.js'
export { clusterApiVersion, clusterKind, parseClusterFile, type ClusterFile } from './parse-file.js'
export { clusterLabels } from './cluster-labels.js'
export { clusterManifest } from './cluster-manifest.js'
export { resolveSpec, type ResolveContext } from './resolve.js'
export { checkScale, parseScale, scaledSpec } from './scale.js'
export { clusterInputSchema, type ClusterInput, type WorkerPoolInput } from './schema.js'
export { validateClusterName, validateNamespace } from './validate-name.js'
export {
  durationMs,
  formatBytes,
  parseBytes,
  parseCpuCores,
  parseLabelSelector,
  parseMillicores,
  parseQuantity,
} from '../values/index.js'
