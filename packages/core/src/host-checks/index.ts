export { imageProblems } from './images.js'
export { rightsProblems, type Right } from './rights.js'
export { storageProblems } from './storage.js'
