import type { ClusterSpec } from '../contracts/cluster.js'
import { yamlText } from '../yaml-text.js'
import type { NodeFile } from './bundle.js'

/** On a control-plane node, for `patches` of kubeadm's configuration. */
export const patchesDirectory = '/etc/kubernetes/knest-patches'

/** kubeadm asks these every second whether they are ready, and nothing depends on the answer. */
const askedEverySecond = ['etcd', 'kube-apiserver', 'kube-scheduler']

/**
 * Of an embedded host, whose room is for nested clusters: about what these use while nobody asks them. kubeadm's 650m
 * are a third of two cores, and four small clusters filled the rest.
 */
const hostRequests: Readonly<Record<string, string>> = {
  etcd: '50m',
  'kube-apiserver': '100m',
  'kube-controller-manager': '50m',
  'kube-scheduler': '25m',
}

/**
 * What knest changes in kubeadm's static pods: readiness probes come every ten seconds, as liveness probes do. Those
 * of every second cost an idle control plane 1.3 % of a core of 10.4 (docs/performance.md). Those of an embedded host
 * request less of it.
 */
export function staticPodPatches({ controlPlane }: Pick<ClusterSpec, 'controlPlane'>): readonly NodeFile[] {
  const requests = controlPlane.backend === 'container' ? hostRequests : {}
  return Object.keys(hostRequests).flatMap((name) => {
    const container = {
      ...(askedEverySecond.includes(name) ? { readinessProbe: { periodSeconds: 10 } } : {}),
      ...(requests[name] === undefined ? {} : { resources: { requests: { cpu: requests[name] } } }),
    }
    if (Object.keys(container).length === 0) return []
    const path = `${patchesDirectory}/${name}+strategic.yaml`
    return [{ path, content: yamlText({ spec: { containers: [{ name, ...container }] } }), mode: 0o644 }]
  })
}
