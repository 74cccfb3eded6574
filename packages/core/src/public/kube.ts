/** A Kubernetes API, the host's or a nested cluster's: client, kubeconfigs, manifests, signals and deadlines. */
export {
  applyAll,
  endedBy,
  onAbort,
  openDeadline,
  openForwardServer,
  openKube,
  pause,
  seconds,
  unlessAborted,
} from '../kube/index.js'
export { anySignal, beforeWrite, beginWait, takeTurns, type Turn } from '../signals.js'
export { readYaml as readKubeconfigYaml, YamlFault } from '../kube/kubeconfig/go-yaml.js'
export type { ConnectionOverrides, Dial, KubeconfigChoice } from '../contracts/kube-connection.js'
export type { ForwardServer, ForwardServerOptions } from '../kube/forward-server.js'
export type { KubeConnection, OpenKubeOptions } from '../kube/open-kube.js'
export { loadManifest, parseManifest, type ManifestPurpose } from '../addons/manifest-text.js'
export { renderKubeconfig, type KubeconfigInput } from '../nested-api/render-kubeconfig.js'
export { applyOwn, deleteFound, deleteOwn, isMadeFor, refuseForeign } from '../ownership.js'
export * from '../streams/index.js'
export { proxyFromEnvironment } from '../kube/proxy/choose.js'
export { isLoopback } from '../kube/proxy/no-proxy.js'
export { hostOf } from '../url-host.js'
