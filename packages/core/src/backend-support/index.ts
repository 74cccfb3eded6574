export { imageProblems } from './check-images.js'
export { rightsProblems, type Right } from './check-rights.js'
export { storageProblems } from './check-storage.js'
