import { yamlText } from '../yaml-text.js'
import type { NodeFile } from './bundle.js'

/** On a control-plane node, for `patches` of kubeadm's configuration. */
export const patchesDirectory = '/etc/kubernetes/knest-patches'

/** kubeadm asks these every second whether they are ready, and nothing depends on the answer. */
const askedEverySecond = ['etcd', 'kube-apiserver', 'kube-scheduler']

/**
 * What knest changes in kubeadm's static pods: readiness probes come every ten seconds, as liveness probes do. Those
 * of every second cost an idle control plane 1.3 % of a core of 10.4 (docs/performance.md).
 */
export function staticPodPatches(): readonly NodeFile[] {
  return askedEverySecond.map((name) => ({
    path: `${patchesDirectory}/${name}+strategic.yaml`,
    content: yamlText({ spec: { containers: [{ name, readinessProbe: { periodSeconds: 10 } }] } }),
    mode: 0o644,
  }))
}
