export {
  containersBeside,
  nodeContainer,
  type ContainerState,
  type ContainerStatus,
} from './node-container.js'
export { pullFailure, type PullFailure } from './pull-failure.js'
export { imageProblems } from './check-images.js'
export { takenNames, takenProblems } from './taken-names.js'
export { rightsProblems, type Right } from './check-rights.js'
export { storageProblems } from './check-storage.js'
