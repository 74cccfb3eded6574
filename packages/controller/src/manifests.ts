import { labels, managedByKnest } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { controllerName, controllerNamespace, controllerPort } from './names.js'
import { controllerPolicy } from './policy.js'
import { controllerRules } from './rbac.js'

/** Everything the controller is on a host, but for the resource definition of NestedCluster. Pure. */
export function controllerObjects(
  image: string,
  annotations: Readonly<Record<string, string>> = {},
): readonly KubeObject[] {
  return [
    namespace(),
    serviceAccount(),
    // Before the rights: they are never there without it.
    ...controllerPolicy(metadata.labels),
    clusterRole(),
    clusterRoleBinding(),
    service(),
    deployment(image, annotations),
  ]
}

const metadata = {
  name: controllerName,
  labels: { 'app.kubernetes.io/name': controllerName, [labels.managedBy]: managedByKnest },
}
const namespaced = { ...metadata, namespace: controllerNamespace }
const podLabels = { 'app.kubernetes.io/name': controllerName }

function namespace(): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: controllerNamespace,
      labels: { ...metadata.labels, 'pod-security.kubernetes.io/enforce': 'restricted' },
    },
  }
}

function serviceAccount(): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: namespaced }
}

function clusterRole(): KubeObject {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata, rules: controllerRules }
}

function clusterRoleBinding(): KubeObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: controllerName },
    subjects: [{ kind: 'ServiceAccount', name: controllerName, namespace: controllerNamespace }],
  }
}

/** For Prometheus. */
function service(): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...namespaced,
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(controllerPort) },
    },
    spec: {
      clusterIP: 'None',
      selector: podLabels,
      ports: [{ name: 'metrics', port: controllerPort, targetPort: 'metrics', protocol: 'TCP' }],
    },
  }
}

function deployment(image: string, annotations: Readonly<Record<string, string>>): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...namespaced, annotations },
    spec: {
      replicas: 1,
      selector: { matchLabels: podLabels },
      template: {
        metadata: { labels: podLabels },
        spec: {
          serviceAccountName: controllerName,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          // Its Lease is given back within that time.
          terminationGracePeriodSeconds: 15,
          containers: [container(image)],
        },
      },
    },
  }
}

function container(image: string): object {
  return {
    name: 'controller',
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['controller'],
    ports: [{ name: 'metrics', containerPort: controllerPort }],
    // Measured, see docs/self-healing.md.
    resources: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '512Mi' } },
    livenessProbe: { httpGet: { path: '/healthz', port: 'metrics' }, periodSeconds: 20, failureThreshold: 3 },
    readinessProbe: { httpGet: { path: '/readyz', port: 'metrics' }, periodSeconds: 5 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  }
}
