import { clusterRoleName, labels, managedByKnest, reservationNamespace } from '@knest/core'
import type { KubeObject, PolicyRule } from '@knest/core'
import { controllerName, controllerNamespace, controllerPort } from './names.js'
import { controllerPolicies } from './policy.js'
import { clusterRules, hostRules, ownRules, reservationRules } from './rbac.js'

export interface ControllerManifests {
  readonly image: string
  /** Of its Deployment. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Bind what it needs where nested clusters are on the whole host. */
  readonly allNamespaces?: boolean
}

/** Everything the controller is on a host, but for the resource definition of NestedCluster. Pure. */
export function controllerObjects({
  image,
  annotations = {},
  allNamespaces = false,
}: ControllerManifests): readonly KubeObject[] {
  return [
    namespace(),
    serviceAccount(),
    // Before the rights: they are never there without it.
    ...controllerPolicies(metadata.labels),
    ...rights(),
    ...(allNamespaces ? [allNamespacesBinding()] : []),
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

const apiVersion = 'rbac.authorization.k8s.io/v1'
const subjects = [{ kind: 'ServiceAccount', name: controllerName, namespace: controllerNamespace }]

function rights(): readonly KubeObject[] {
  const { labels: ofAll } = metadata
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules: hostRules },
    // Bound where a nested cluster is, see `bindController`.
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name: clusterRoleName, labels: ofAll },
      rules: clusterRules,
    },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: roleRef('ClusterRole'), subjects },
    ...roleIn(reservationNamespace, reservationRules),
    ...roleIn(controllerNamespace, ownRules),
  ]
}

function roleIn(place: string, rules: readonly PolicyRule[]): readonly KubeObject[] {
  const inPlace = { ...metadata, namespace: place }
  return [
    { apiVersion, kind: 'Role', metadata: inPlace, rules },
    { apiVersion, kind: 'RoleBinding', metadata: inPlace, roleRef: roleRef('Role'), subjects },
  ]
}

function roleRef(kind: 'ClusterRole' | 'Role', name: string = controllerName): object {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name }
}

/** The choice of who installs it. */
export function allNamespacesBinding(): KubeObject {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: clusterRoleName, labels: metadata.labels },
    roleRef: roleRef('ClusterRole', clusterRoleName),
    subjects,
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
