import { createHash } from 'node:crypto'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'
import { objectNames } from '../names.js'
import { authorityFileOf } from './certificates-script.js'
import { standaloneNames, standalonePaths } from './names.js'
import { itemsOf } from './volumes.js'

interface JobInput {
  readonly ref: ClusterRef
  readonly image: string
  readonly workers: readonly string[]
  /** Of the ConfigMap, by the file's name. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * The Job that fills the Secrets, so that no key is ever in a manifest, and the account it runs with: it may
 * look at these Secrets and fill them, nothing else. A Job cannot be changed, so that one for other nodes has
 * another name.
 */
export function certificatesJob({ ref, image, workers, files }: JobInput): readonly KubeObject[] {
  const { name: cluster, namespace } = ref
  const name = standaloneNames.certificates(cluster)
  const metadata = { name, namespace, labels: { [labels.cluster]: cluster } }
  const pkiSecret = objectNames.pkiSecret(cluster)
  const rbac = 'rbac.authorization.k8s.io'
  const spec = jobSpec({ ref, image, workers, files }, name, pkiSecret)
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: [pkiSecret, objectNames.kubeconfigSecret(cluster), ...workers],
          verbs: ['get', 'patch'],
        },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { ...metadata, name: `${name}-${digest(spec)}` },
      spec,
    },
  ]
}

function jobSpec(
  { ref, image, workers, files }: JobInput,
  account: string,
  pkiSecret: string,
): Readonly<Record<string, unknown>> {
  const mount = (name: string, mountPath: string, readOnly = true): object => ({
    name,
    mountPath,
    ...(readOnly ? { readOnly } : {}),
  })
  return {
    backoffLimit: 10,
    template: {
      metadata: { labels: { [labels.cluster]: ref.name, [labels.role]: 'certificates' } },
      spec: {
        restartPolicy: 'Never',
        serviceAccountName: account,
        automountServiceAccountToken: true,
        enableServiceLinks: false,
        containers: [
          {
            name: 'certificates',
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['/bin/bash', `${standalonePaths.settings}/certificates`, ...workers],
            resources: { requests: { cpu: '100m', memory: '64Mi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
              readOnlyRootFilesystem: true,
            },
            volumeMounts: [
              mount('settings', standalonePaths.settings),
              mount('secrets', standalonePaths.secrets),
              mount('pki', '/etc/kubernetes/pki', false),
              mount('tmp', '/tmp', false),
            ],
          },
        ],
        volumes: [
          {
            name: 'settings',
            configMap: { name: standaloneNames.settings(ref.name), items: itemsOf(files) },
          },
          // Empty the first time.
          { name: 'secrets', secret: { secretName: pkiSecret, optional: true, items: pkiItems } },
          { name: 'pki', emptyDir: { medium: 'Memory' } },
          { name: 'tmp', emptyDir: { medium: 'Memory' } },
        ],
      },
    },
  }
}

/** The authorities as kubeadm has them. */
export const pkiItems: readonly object[] = Object.entries(authorityFileOf).map(([key, path]) => ({
  key,
  path,
}))

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8)
}
