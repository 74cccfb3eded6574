import { labels, managedByKnest } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { controllerName, controllerNamespace } from './names.js'

/** Where the controller's rights are the whole host's, and objects of others beside those of knest. */
const guarded: readonly (readonly [group: string, resources: readonly string[]])[] = [
  ['', ['configmaps', 'namespaces', 'persistentvolumeclaims', 'pods', 'secrets', 'services']],
  ['apps', ['statefulsets']],
  ['batch', ['jobs']],
  ['kubevirt.io', ['virtualmachines', 'virtualmachineinstances']],
  ['cdi.kubevirt.io', ['datavolumes']],
  ['crd.projectcalico.org', ['ipreservations']],
  ['kubeovn.io', ['ippools']],
]

const apiVersion = 'admissionregistration.k8s.io/v1'
const user = `system:serviceaccount:${controllerNamespace}:${controllerName}`

/**
 * RBAC cannot say whose an object is, so a ValidatingAdmissionPolicy does: with the controller's token nothing is
 * changed or deleted that has no label of knest's. What knest makes has one from its first moment.
 */
export function controllerPolicy(labelsOfAll: Readonly<Record<string, string>>): readonly KubeObject[] {
  const metadata = { name: controllerName, labels: labelsOfAll }
  const isKnests = `k.startsWith('knest.dev/') || (k == '${labels.managedBy}' && oldObject.metadata.labels[k] == '${managedByKnest}')`
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: guarded.map(([group, resources]) => ({
            apiGroups: [group],
            apiVersions: ['*'],
            operations: ['UPDATE', 'DELETE'],
            resources,
          })),
        },
        matchConditions: [
          { name: 'by-the-controller', expression: `request.userInfo.username == '${user}'` },
        ],
        validations: [
          {
            expression: `has(oldObject.metadata.labels) && oldObject.metadata.labels.exists(k, ${isKnests})`,
            message: `the controller of knest changes and deletes only what knest made: this object has neither a label knest.dev/… nor ${labels.managedBy}=${managedByKnest}`,
            reason: 'Forbidden',
          },
        ],
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: controllerName, validationActions: ['Deny'] },
    },
  ]
}
