import type { KubeObject } from 'knest'
import { on, onCluster, onWorker, type Fault } from './fault.js'
import { applyBeside, webhookOf } from './injections.js'
import type { Place } from './place.js'

export const storageClass = 'e2e-doctor'

/** Its pod ends, and the host makes another one as the StatefulSet has it now. */
const restart = ({ beside, worker }: Place): Promise<string> =>
  beside('delete', 'pod', `${worker}-0`, '--grace-period', '1', '--wait=false')
const patchSet = ({ beside, worker }: Place, spec: object): Promise<string> =>
  beside('patch', 'statefulset', worker, '-p', JSON.stringify({ spec: { template: { spec } } }))
const claim = ({ worker }: Place): string => `disk-${worker}-0`
/** As the host makes it, or what joins it again when its disk is a new one. */
const joinAgain = ({ knest, name }: Place): Promise<string> => knest('scale', name, '1:1')

function refusedBy(object: (place: Place) => KubeObject): Fault['inject'] {
  return async (place) => {
    await applyBeside(place, object(place))
    await restart(place)
  }
}

const policy = ({ namespace }: Place): KubeObject => ({
  apiVersion: 'v1',
  kind: 'List',
  metadata: { name: 'both' },
  items: [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'no-pods' },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          ],
        },
        validations: [{ expression: 'false', message: 'nobody may' }],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'no-pods' },
      spec: {
        policyName: 'no-pods',
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
      },
    },
  ],
})

/** What the host may have against the pods of a cluster. */
export const refusalFaults: readonly Fault[] = [
  {
    what: 'a quota that is used up',
    inject: refusedBy(({ namespace }) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace },
      spec: { hard: { pods: '1' } },
    })),
    reason: 'QuotaExceeded',
    object: onWorker,
    remedy: /have the quota of namespace .* raised/,
    byHand: ({ beside }) => beside('patch', 'quota', 'small', '-p', '{"spec":{"hard":{"pods":"9"}}}'),
  },
  {
    what: 'a LimitRange that permits no pod of that size',
    inject: refusedBy(({ namespace }) => ({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'large', namespace },
      spec: { limits: [{ type: 'Container', min: { memory: '900Gi' } }] },
    })),
    reason: 'LimitRangeForbids',
    object: onWorker,
    remedy: /as large as it permits/,
    byHand: ({ beside }) => beside('delete', 'limitrange', 'large'),
  },
  {
    what: 'a namespace that does not admit privileged pods',
    inject: async (place) => {
      const level = 'pod-security.kubernetes.io/enforce=baseline'
      await place.onHost('label', '--overwrite', 'namespace', place.namespace, level)
      await restart(place)
    },
    reason: 'PodSecurityForbids',
    object: onWorker,
    also: ['PodSecurityForbids'],
    remedy: /^kubectl label --overwrite namespace/,
  },
  {
    what: 'an admission policy of the host',
    inject: refusedBy(policy),
    reason: 'PolicyRefuses',
    object: onWorker,
    remedy: /allow it there in that policy/,
    byHand: ({ onHost }) =>
      onHost(...['delete', 'validatingadmissionpolicy/no-pods', 'validatingadmissionpolicybinding/no-pods']),
  },
  {
    what: 'a webhook of the host with nobody behind it',
    inject: refusedBy(({ namespace }) =>
      webhookOf('ValidatingWebhookConfiguration', 'e2e-gate', 'pods', namespace),
    ),
    reason: 'HostWebhookDown',
    object: onWorker,
    remedy: /have it mended/,
    byHand: ({ onHost }) => onHost('delete', 'validatingwebhookconfiguration', 'e2e-gate'),
  },
]

/** What keeps pods of a cluster from running. */
export const placementFaults: readonly Fault[] = [
  {
    what: 'a taint that nothing tolerates',
    inject: async (place) => {
      await place.onHost('taint', 'nodes', '--all', 'e2e=doctor:NoSchedule')
      await restart(place)
    },
    reason: 'TaintNotTolerated',
    object: onWorker,
    also: ['TaintNotTolerated'],
    remedy: /^kubectl describe nodes/,
    prints: /e2e=doctor:NoSchedule/,
    byHand: ({ onHost }) => onHost('taint', 'nodes', '--all', 'e2e-'),
  },
  {
    what: 'host nodes that are cordoned',
    inject: async (place) => {
      await place.onHost('cordon', `${place.context}-cp-0`)
      await restart(place)
    },
    reason: 'NoSchedulableNode',
    object: onWorker,
    also: ['NoSchedulableNode'],
    remedy: /bring its nodes back/,
    byHand: ({ onHost, context }) => onHost('uncordon', `${context}-cp-0`),
  },
  {
    what: 'a selector that fits no host node',
    inject: async (place) => {
      await patchSet(place, { nodeSelector: { 'e2e-doctor': 'here' } })
      await restart(place)
    },
    reason: 'SelectorMatchesNone',
    object: onWorker,
    remedy: /^kubectl get nodes --show-labels/,
    byHand: async (place) => {
      await place.onHost('label', 'nodes', '--all', 'e2e-doctor=here')
      await patchSet(place, { nodeSelector: { 'e2e-doctor': null } })
    },
  },
  {
    what: 'a host without free CPU',
    inject: async (place) => {
      const requests = { cpu: '300m' }
      await patchSet(place, { containers: [{ name: 'node', resources: { requests } }] })
      const labels = { app: 'e2e-hog' }
      // What is scheduled has its CPU, whether it runs or not.
      const containers = [
        { name: 'hog', image: '127.0.0.1:1/never:1', resources: { requests: { cpu: '200m' } } },
      ]
      await applyBeside(place, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'e2e-hog', namespace: 'default' },
        spec: {
          replicas: 12,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers } },
        },
      })
      await place.onHost(
        ...['wait', 'pods', '-l', 'app=e2e-hog', '-n', 'default', '--timeout', '60s'],
        ...['--for', 'condition=PodScheduled=false', '--field-selector', 'spec.nodeName='],
      )
      await restart(place)
    },
    reason: 'NoRoom',
    object: onWorker,
    also: ['NoRoom'],
    remedy: /make room on the host/,
    byHand: async (place) => {
      await place.onHost('delete', 'deployment', 'e2e-hog', '-n', 'default')
      await patchSet(place, { containers: [{ name: 'node', resources: { requests: { cpu: null } } }] })
    },
  },
  {
    what: 'a container that somebody adds to the pod and that ends again and again',
    inject: async (place) => {
      const image = 'localhost/knest/busybox:1'
      const beside = { name: 'beside', image, imagePullPolicy: 'Never', command: ['busybox', 'false'] }
      await patchSet(place, { containers: [beside] })
      await restart(place)
    },
    reason: 'ContainerBeside',
    object: onWorker,
    remedy: /mend the container/,
    byHand: async (place) => {
      await patchSet(place, { containers: [{ name: 'beside', $patch: 'delete' }] })
      await restart(place)
    },
  },
  {
    what: 'a node that was scaled to 0',
    inject: ({ beside, worker }) => beside('scale', 'statefulset', worker, '--replicas', '0'),
    reason: 'NodeStopped',
    object: onWorker,
    remedy: /^knest heal /,
  },
  {
    what: 'a node whose StatefulSet was deleted',
    inject: ({ beside, worker }) => beside('delete', 'statefulset', worker),
    reason: 'NodeMissing',
    object: onWorker,
    remedy: /^knest scale /,
  },
  {
    what: 'a NetworkPolicy that lets nothing in',
    inject: (place) =>
      applyBeside(place, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny-all', namespace: place.namespace },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      }),
    reason: 'NetworkPolicyBlocks',
    object: on('networkpolicy/deny-all'),
    remedy: /^kubectl delete networkpolicy deny-all/,
  },
  {
    what: 'a lock of somebody who has ended',
    inject: (place) =>
      applyBeside(place, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: `${place.name}-lock`, namespace: place.namespace },
        spec: {
          holderIdentity: 'somewhere/else.1/7/c',
          leaseDurationSeconds: 15,
          renewTime: '2026-01-01T00:00:00.000000Z',
        },
      }),
    reason: 'LockLeft',
    object: ({ name }) => `lease/${name}-lock`,
    remedy: /^knest heal /,
  },
]

/** The disks of a persistent cluster. */
export const diskFaults: readonly Fault[] = [
  {
    what: 'a claim that was deleted while its node has it',
    inject: (place) => place.beside('delete', 'pvc', claim(place), '--wait=false'),
    reason: 'DiskGoing',
    object: onCluster,
    remedy: /save what you need of its other files/,
    byHand: async (place) => {
      await restart(place)
      await joinAgain(place)
    },
  },
  {
    what: 'a StorageClass that is gone',
    inject: async (place) => {
      await place.onHost('delete', 'storageclass', storageClass)
      await place.beside('delete', 'pvc', claim(place), '--wait=false')
      await restart(place)
    },
    reason: 'StorageClassMissing',
    object: (place) => `persistentvolumeclaim/${claim(place)}`,
    also: ['StorageClassMissing'],
    remedy: /make a StorageClass/,
    byHand: async (place) => {
      await makeStorageClass(place.paste, place.context)
      await joinAgain(place)
    },
  },
  {
    what: 'a provisioner of the host that does not run',
    inject: async (place) => {
      await scaleProvisioner(place, 0)
      await place.beside('delete', 'pvc', claim(place), '--wait=false')
      await restart(place)
    },
    reason: 'ClaimPending',
    object: (place) => `persistentvolumeclaim/${claim(place)}`,
    also: ['ClaimPending', 'NodePending'],
    remedy: /^kubectl describe pvc/,
    byHand: async (place) => {
      await scaleProvisioner(place, 1)
      await joinAgain(place)
    },
  },
  {
    what: 'a volume that is lost',
    inject: async ({ beside, onHost, ...place }) => {
      const volume = await beside(
        'get',
        'pvc',
        claim({ beside, onHost, ...place }),
        '-o',
        'jsonpath={.spec.volumeName}',
      )
      await onHost('delete', 'pv', volume, '--wait=false')
      await onHost('patch', 'pv', volume, '--type', 'merge', '-p', '{"metadata":{"finalizers":null}}')
    },
    reason: 'ClaimLost',
    object: (place) => `persistentvolumeclaim/${claim(place)}`,
    remedy: /^kubectl delete pvc/,
    byHand: joinAgain,
  },
]

function scaleProvisioner({ onHost }: Place, replicas: number): Promise<string> {
  const words = ['scale', 'deployment', 'local-path-provisioner', '-n', 'local-path-storage']
  return onHost(...words, '--replicas', String(replicas))
}

/** Another name for what the default class of the embedded host does. */
export async function makeStorageClass(paste: Place['paste'], context: string): Promise<void> {
  const object = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: storageClass },
    provisioner: 'rancher.io/local-path',
    volumeBindingMode: 'WaitForFirstConsumer',
  }
  await paste(`kubectl --context ${context} apply -f - <<'EOF'\n${JSON.stringify(object)}\nEOF`)
}
