import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { KubeObject } from 'knest'

const build = fileURLToPath(new URL('../../metrics-server/build', import.meta.url))

/** Builds it, unless that was done before; gives the name of its image in podman or docker. */
export function metricsServerImage(): string {
  return execFileSync(build, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}

const name = 'metrics-server'
const namespace = 'kube-system'
const rbac = 'rbac.authorization.k8s.io'
const labels = { 'k8s-app': name }
const port = 10250

/** What metrics-server is in a cluster whose kubelets sign their certificates themselves, as kubeadm's do. */
export function metricsServer(image: string): readonly KubeObject[] {
  const metadata = { name, namespace }
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const roleRef = (kind: string, role: string): object => ({ apiGroup: rbac, kind, name: role })
  const bound = (role: string): KubeObject => ({
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: `${name}:${role}` },
    roleRef: roleRef('ClusterRole', role),
    subjects,
  })
  const own = `system:${name}`
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: own },
      rules: [
        { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ],
    },
    bound(own),
    bound('system:auth-delegator'),
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: `${name}-auth-reader`, namespace },
      roleRef: roleRef('Role', 'extension-apiserver-authentication-reader'),
      subjects,
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 443, targetPort: port }] },
    },
    deployment(image),
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name, namespace },
      },
    },
  ]
}

function deployment(image: string): KubeObject {
  const args = [
    `--secure-port=${port}`,
    '--cert-dir=/tmp',
    '--kubelet-preferred-address-types=InternalIP',
    '--kubelet-insecure-tls',
    '--metric-resolution=15s',
  ]
  const readinessProbe = { httpGet: { path: '/readyz', port, scheme: 'HTTPS' }, periodSeconds: 1 }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          tolerations: [{ operator: 'Exists' }],
          containers: [{ name, image, imagePullPolicy: 'Never', args, readinessProbe }],
        },
      },
    },
  }
}

/** A Deployment that is always busy, within a tenth of a core, and what gives it a second replica for that. */
export function busyAndScaled(busy: string): readonly KubeObject[] {
  const metadata = { name: busy, namespace: 'default' }
  const container = {
    name: busy,
    image: 'localhost/knest/busybox:1',
    imagePullPolicy: 'Never',
    command: ['sh', '-c', 'while true; do true; done'],
    resources: { requests: { cpu: '50m' }, limits: { cpu: '100m' } },
  }
  const spec = {
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 0,
    containers: [container],
  }
  const target = { type: 'Utilization', averageUtilization: 50 }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: { app: busy } },
        template: { metadata: { labels: { app: busy } }, spec },
      },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: busy },
        minReplicas: 1,
        maxReplicas: 2,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
      },
    },
  ]
}
