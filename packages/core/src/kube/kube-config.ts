/** Reads kubeconfigs and gets their credentials. In `dist` this file has all it needs (build.mjs). */
export { KubeConfig } from '@kubernetes/client-node'
