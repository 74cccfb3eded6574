/** A cluster's spec: parse, resolve with defaults, compare ranges. Needs no host. */
export * from '../network/index.js'
export * from '../spec/index.js'
