import type { KubeObject } from '../contracts/kubernetes.js'
import { coreDnsImage } from './images.js'

export interface CoreDnsOptions {
  /** The tenth address of the service CIDR. */
  readonly clusterIp: string
  readonly dnsDomain: string
  readonly kubernetesVersion: string
  /** Two when absent, as kubeadm. */
  readonly replicas?: number | undefined
  /** A tenth of a core when absent, as kubeadm. */
  readonly cpuRequest?: string | undefined
  readonly image?: string | undefined
}

const namespace = 'kube-system'
const selector = { 'k8s-app': 'kube-dns' }
const rbac = 'rbac.authorization.k8s.io'

/**
 * CoreDNS under the names kubeadm gives it, so that `kubeadm upgrade` finds its own. It differs in the
 * readiness probe: kubeadm's comes too early and then again only after ten seconds, half of the time
 * a cluster takes to come up.
 */
export function coreDnsObjects(options: CoreDnsOptions): KubeObject[] {
  const account = { name: 'coredns', namespace }
  const role = 'system:coredns'
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: role },
      rules: [
        {
          apiGroups: [''],
          resources: ['endpoints', 'services', 'pods', 'namespaces'],
          verbs: ['list', 'watch'],
        },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: role },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: account,
      data: { Corefile: corefile(options.dnsDomain) },
    },
    service(options.clusterIp),
    deployment(options),
  ]
}

function corefile(domain: string): string {
  const plugins = [
    ['errors'],
    ['health', 'lameduck 5s'],
    ['ready'],
    [
      `kubernetes ${domain} in-addr.arpa ip6.arpa`,
      'pods insecure',
      'fallthrough in-addr.arpa ip6.arpa',
      'ttl 30',
    ],
    ['prometheus :9153'],
    ['forward . /etc/resolv.conf', 'max_concurrent 1000'],
    ['cache 30', `disable success ${domain}`, `disable denial ${domain}`],
    ['loop'],
    ['reload'],
    ['loadbalance'],
  ]
  const blocks = plugins.flatMap(([plugin = '', ...options]) =>
    options.length === 0
      ? [`    ${plugin}`]
      : [`    ${plugin} {`, ...options.map((option) => `       ${option}`), '    }'],
  )
  return `${['.:53 {', ...blocks, '}'].join('\n')}\n`
}

function service(clusterIp: string): KubeObject {
  const port = (name: string, number: number, protocol: string): object => ({
    name,
    port: number,
    protocol,
    targetPort: number,
  })
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace,
      labels: { ...selector, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
      annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
    },
    spec: {
      clusterIP: clusterIp,
      selector,
      ports: [port('dns', 53, 'UDP'), port('dns-tcp', 53, 'TCP'), port('metrics', 9153, 'TCP')],
    },
  }
}

function deployment(options: CoreDnsOptions): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace, labels: selector },
    spec: {
      replicas: options.replicas ?? 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          priorityClassName: 'system-cluster-critical',
          serviceAccountName: 'coredns',
          // The node's resolvers: its own Service would be asked in a circle.
          dnsPolicy: 'Default',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [
            { key: 'CriticalAddonsOnly', operator: 'Exists' },
            { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
          ],
          affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [spread] } },
          containers: [container(options)],
          volumes: [
            {
              name: 'config-volume',
              configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] },
            },
          ],
        },
      },
    },
  }
}

const spread = {
  weight: 100,
  podAffinityTerm: { labelSelector: { matchLabels: selector }, topologyKey: 'kubernetes.io/hostname' },
}

function container({ image, kubernetesVersion, cpuRequest = '100m' }: CoreDnsOptions): object {
  const port = (name: string, containerPort: number, protocol: string): object => ({
    name,
    containerPort,
    protocol,
  })
  return {
    name: 'coredns',
    image: image ?? coreDnsImage(kubernetesVersion),
    imagePullPolicy: 'IfNotPresent',
    args: ['-conf', '/etc/coredns/Corefile'],
    resources: { limits: { memory: '170Mi' }, requests: { cpu: cpuRequest, memory: '70Mi' } },
    ports: [
      port('dns', 53, 'UDP'),
      port('dns-tcp', 53, 'TCP'),
      port('metrics', 9153, 'TCP'),
      port('liveness-probe', 8080, 'TCP'),
      port('readiness-probe', 8181, 'TCP'),
    ],
    volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
    livenessProbe: {
      httpGet: { path: '/health', port: 'liveness-probe', scheme: 'HTTP' },
      initialDelaySeconds: 60,
      timeoutSeconds: 5,
      failureThreshold: 5,
    },
    readinessProbe: {
      httpGet: { path: '/ready', port: 'readiness-probe', scheme: 'HTTP' },
      initialDelaySeconds: 0,
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: 3,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
  }
}
