export { certificateFault } from './certificate.js'
export { readRegistries, type RegistrySettings } from './read.js'
export { writeRegistries } from './write.js'
