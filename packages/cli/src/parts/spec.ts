/** Only what needs no host: this room must stay quick to load. */
export {
  checkScale,
  clusterFileJsonSchema,
  mergeInput,
  overlaps,
  parseAddressRange,
  parseCidr,
  parseClusterFile,
  parseCpuCores,
  parseScale,
  resolveSpec,
  specDefaults,
  validateClusterName,
  validateNamespace,
} from '@knest/core'
