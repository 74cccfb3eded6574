export { renderKubeconfig, type KubeconfigInput } from './render.js'
