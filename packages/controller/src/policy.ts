import { labels, managedByKnest } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { controllerName, controllerNamespace } from './names.js'

/** Where the controller has rights, and objects of others may be beside those of knest. */
const guarded: readonly (readonly [group: string, resources: readonly string[]])[] = [
  ['', ['events', 'namespaces', 'persistentvolumeclaims', 'pods', 'secrets', 'services', 'services/status']],
  ['apps', ['statefulsets']],
  ['batch', ['jobs']],
  ['coordination.k8s.io', ['leases']],
  ['rbac.authorization.k8s.io', ['rolebindings']],
  ['kubevirt.io', ['virtualmachines', 'virtualmachineinstances']],
  ['cdi.kubevirt.io', ['datavolumes']],
  ['crd.projectcalico.org', ['ipreservations']],
  ['kubeovn.io', ['ippools']],
]

const apiVersion = 'admissionregistration.k8s.io/v1'
const user = `system:serviceaccount:${controllerNamespace}:${controllerName}`

/** Of kube-system, where others elect their leaders by Leases that may not be there yet. */
const guardedFromTheFirst: typeof guarded = [['coordination.k8s.io', ['leases']]]

/**
 * RBAC cannot say whose an object is, so ValidatingAdmissionPolicies do: with the controller's token nothing is
 * changed or deleted that has no label of knest's, and of a NestedCluster neither what it asks for is changed, nor is
 * one deleted that nobody else deleted. What knest makes has a label from its first moment.
 */
export function controllerPolicies(labelsOfAll: Readonly<Record<string, string>>): readonly KubeObject[] {
  const isKnests = `k.startsWith('knest.dev/') || (k == '${labels.managedBy}' && variables.it.metadata.labels[k] == '${managedByKnest}')`
  return [
    ...policy(
      { name: controllerName, labels: labelsOfAll },
      [...rulesOf(guarded, ['UPDATE', 'DELETE']), ...rulesOf(guardedFromTheFirst, ['CREATE'])],
      {
        variables: [{ name: 'it', expression: "request.operation == 'CREATE' ? object : oldObject" }],
        validations: [
          {
            expression: `has(variables.it.metadata.labels) && variables.it.metadata.labels.exists(k, ${isKnests})`,
            message: `the controller of knest changes and deletes only what knest made: this object has neither a label knest.dev/… nor ${labels.managedBy}=${managedByKnest}`,
            reason: 'Forbidden',
          },
        ],
      },
    ),
    ...policy(
      { name: `${controllerName}-clusters`, labels: labelsOfAll },
      rulesOf([['knest.dev', ['nestedclusters']]], ['UPDATE', 'DELETE']),
      {
        validations: [
          {
            // Another owner, that is not there, would have the garbage collector delete it.
            expression: `request.operation == 'DELETE' ? has(oldObject.metadata.deletionTimestamp) : (${stays('spec')} && ${stays('metadata.ownerReferences')})`,
            message:
              'the controller of knest changes nothing that a NestedCluster asks for, and deletes none that nobody deleted',
            reason: 'Forbidden',
          },
        ],
      },
    ),
  ]
}

/** In CEL: an update leaves this field as it is. */
function stays(field: string): string {
  const [is, was] = [`object.${field}`, `oldObject.${field}`]
  return `has(${is}) == has(${was}) && (!has(${is}) || ${is} == ${was})`
}

function rulesOf(kinds: typeof guarded, operations: readonly string[]): readonly object[] {
  return kinds.map(([group, resources]) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    operations,
    resources,
  }))
}

/** With the binding that has the host refuse. */
function policy(
  metadata: KubeObject['metadata'],
  resourceRules: readonly object[],
  rest: object,
): readonly KubeObject[] {
  const matchConditions = [
    { name: 'by-the-controller', expression: `request.userInfo.username == '${user}'` },
  ]
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules }, matchConditions, ...rest },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    },
  ]
}
