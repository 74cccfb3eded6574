import type { KubeObject } from '../contracts/kubernetes.js'
import { primaryRange } from '../network/cidr.js'
import { flannelImage } from './images.js'
import { vxlanOverhead } from '../network/vxlan.js'

export interface FlannelOptions {
  readonly podNetworkCidr: readonly string[]
  readonly vxlanPort: number
  /** Of nested pods; 0 lets flannel take that of the node less 50. */
  readonly mtu: number
  /** `HOST:PORT` of the API as nodes reach it. */
  readonly controlPlaneEndpoint: string
  readonly image?: string | undefined
}

const namespace = 'kube-flannel'
const name = 'flannel'
const configMap = 'kube-flannel-cfg'
const labels = { app: 'flannel', tier: 'node', 'k8s-app': 'flannel' }

/** flannel with VXLAN, as one DaemonSet. The image's wrapper writes the CNI configuration by itself. */
export function flannelObjects(options: FlannelOptions): KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { 'k8s-app': 'flannel', 'pod-security.kubernetes.io/enforce': 'privileged' },
      },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: configMap, namespace, labels },
      data: { 'net-conf.json': JSON.stringify(networkConfiguration(options), undefined, 2) },
    },
    daemonSet(options),
  ]
}

function networkConfiguration({ podNetworkCidr, vxlanPort, mtu }: FlannelOptions): object {
  return {
    Network: primaryRange(podNetworkCidr),
    Backend: { Type: 'vxlan', Port: vxlanPort, ...(mtu > 0 ? { MTU: mtu + vxlanOverhead } : {}) },
  }
}

function daemonSet({ image, controlPlaneEndpoint }: FlannelOptions): KubeObject {
  const separator = controlPlaneEndpoint.lastIndexOf(':')
  const field = (variable: string, fieldPath: string): object => ({
    name: variable,
    valueFrom: { fieldRef: { fieldPath } },
  })
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-flannel-ds', namespace, labels },
    spec: {
      selector: { matchLabels: { app: 'flannel' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'kube-flannel',
              image: image ?? flannelImage,
              imagePullPolicy: 'IfNotPresent',
              command: ['/usr/local/bin/knest-flannel'],
              // Every five seconds by default: a dozen processes each time, a tenth of all that an idle node does.
              args: ['--ip-masq', '--kube-subnet-mgr', '--iptables-resync=60'],
              env: [
                field('POD_NAME', 'metadata.name'),
                field('POD_NAMESPACE', 'metadata.namespace'),
                // The API's own address: with the Service's it would fail once and wait for kube-proxy.
                { name: 'KUBERNETES_SERVICE_HOST', value: controlPlaneEndpoint.slice(0, separator) },
                { name: 'KUBERNETES_SERVICE_PORT', value: controlPlaneEndpoint.slice(separator + 1) },
              ],
              resources: { requests: { cpu: '50m', memory: '32Mi' } },
              securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
              volumeMounts: [
                { name: 'run', mountPath: '/run/flannel' },
                { name: 'cni', mountPath: '/etc/cni/net.d' },
                { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
                { name: 'config', mountPath: '/etc/kube-flannel', readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'run', hostPath: { path: '/run/flannel', type: 'DirectoryOrCreate' } },
            { name: 'cni', hostPath: { path: '/etc/cni/net.d', type: 'DirectoryOrCreate' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
            { name: 'config', configMap: { name: configMap } },
          ],
        },
      },
    },
  }
}
