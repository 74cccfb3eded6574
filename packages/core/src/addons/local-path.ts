import { yamlText } from '../yaml-text.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { busyboxImage, localPathImage } from './images.js'

export interface LocalPathOptions {
  readonly image?: string | undefined
  /** Runs `mkdir` and `rm` on the node that holds a volume. */
  readonly helperImage?: string | undefined
  /** Where volumes lie on each node. */
  readonly path?: string | undefined
}

/** Its Deployment. */
export const localPath = { name: 'local-path-provisioner', namespace: 'local-path-storage' } as const
const { name, namespace } = localPath
const rbac = 'rbac.authorization.k8s.io'

/** A default StorageClass `local-path` for nested clusters and the embedded host: volumes are folders of the node. */
export function localPathObjects(options: LocalPathOptions = {}): KubeObject[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const write = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete']
  const read = ['get', 'list', 'watch']
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name, namespace },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: write }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects,
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        {
          apiGroups: [''],
          resources: ['nodes', 'persistentvolumeclaims', 'configmaps', 'pods', 'pods/log'],
          verbs: read,
        },
        { apiGroups: [''], resources: ['persistentvolumes'], verbs: write },
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
        { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: read },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects,
    },
    configuration(options),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        name: 'local-path',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
    deployment(options),
  ]
}

function configuration({ path, helperImage }: LocalPathOptions): KubeObject {
  const helperPod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
      containers: [
        { name: 'helper-pod', image: helperImage ?? busyboxImage, imagePullPolicy: 'IfNotPresent' },
      ],
    },
  }
  const paths = [path ?? '/var/lib/knest/local-path']
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'local-path-config', namespace },
    data: {
      'config.json': JSON.stringify({ nodePathMap: [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths }] }),
      // The provisioner calls these names with VOL_DIR set.
      setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
      // It waits two minutes for a script that has failed: a folder that is still written to is tried again here.
      teardown:
        '#!/bin/sh\nset -eu\nfor try in 1 2 3 4 5 6 7 8 9; do\n  rm -rf "$VOL_DIR" && exit 0\n  sleep 1\ndone\nrm -rf "$VOL_DIR"\n',
      'helperPod.yaml': yamlText(helperPod),
    },
  }
}

function deployment({ image, helperImage }: LocalPathOptions): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: name,
          tolerations: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
          containers: [
            {
              name,
              image: image ?? localPathImage,
              imagePullPolicy: 'IfNotPresent',
              command: ['local-path-provisioner', 'start', '--config', '/etc/config/config.json'],
              env: [
                { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'SERVICE_ACCOUNT_NAME', value: name },
                { name: 'HELPER_IMAGE', value: helperImage ?? busyboxImage },
                { name: 'CONFIG_MOUNT_PATH', value: '/etc/config/' },
              ],
              volumeMounts: [{ name: 'config', mountPath: '/etc/config/' }],
            },
          ],
          volumes: [{ name: 'config', configMap: { name: 'local-path-config' } }],
        },
      },
    },
  }
}
