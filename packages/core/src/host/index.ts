export type { Dial } from './api-link.js'
export { openForwardServer, type ForwardServer, type ForwardServerOptions } from './forward-server.js'
export type { KubeconfigChoice } from './kubeconfig.js'
export { openKube, type HostKube, type OpenKubeOptions } from './open-kube.js'
