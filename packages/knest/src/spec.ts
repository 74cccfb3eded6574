/** Cluster specs: read files, check and resolve them with all defaults, JSON Schema. Needs no host. */
export * from '@knest/core/spec'
