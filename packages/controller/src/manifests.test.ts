import { controllerBinding } from '@knest/core'
import type { PolicyRule } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { controllerObjects } from './manifests.js'
import { controllerPolicies } from './policy.js'
import { clusterRules, hostRules, ownRules, reservationRules } from './rbac.js'

const everyRule = [...hostRules, ...clusterRules, ...reservationRules, ...ownRules]
const changes = ['create', 'update', 'patch', 'delete', 'deletecollection']

/** As in `delete pods`, with the group where there is one. */
function rightsIn(rules: readonly PolicyRule[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${verb} ${resource}${group === '' ? '' : `.${group}`}`),
      ),
    ),
  )
}

describe('the rights of the controller', () => {
  it('name every group, kind and verb', () => {
    expect(JSON.stringify(everyRule)).not.toContain('*')
  })

  it('on the whole host are to look, and to change what only knest has', () => {
    const all = rightsIn(hostRules)
    expect(all.filter((right) => changes.includes(right.split(' ')[0] ?? ''))).toEqual([
      'patch nestedclusters.knest.dev',
      'patch nestedclusters/status.knest.dev',
      ...['create', 'update', 'patch', 'delete'].map(
        (verb) => `${verb} ipreservations.crd.projectcalico.org`,
      ),
      ...['create', 'update', 'patch', 'delete'].map((verb) => `${verb} ippools.kubeovn.io`),
    ])
    expect(all.filter((right) => /secrets|exec|portforward|proxy|token|leases/.test(right))).toEqual([])
  })

  it('to read ConfigMaps are of those by name that describe the host', () => {
    const rules = hostRules.filter(({ resources }) => resources.includes('configmaps'))
    expect(rules.map(({ verbs }) => verbs)).toEqual([['get']])
    for (const { resourceNames } of rules) expect(resourceNames).toContain('kubeadm-config')
  })

  it('to change and delete are of kinds that a policy guards', () => {
    const guarded = new Set(
      controllerPolicies({}).flatMap(({ spec }) => {
        const { matchConstraints } = spec as {
          matchConstraints?: {
            resourceRules: readonly { apiGroups: string[]; resources: string[]; operations: string[] }[]
          }
        }
        return (matchConstraints?.resourceRules ?? []).flatMap(({ apiGroups, resources, operations }) =>
          operations.includes('DELETE')
            ? resources.map((resource) =>
                apiGroups[0] === '' ? resource : `${resource}.${apiGroups[0] ?? ''}`,
              )
            : [],
        )
      }),
    )
    const left = rightsIn(everyRule)
      .filter((right) => ['update', 'patch', 'delete'].includes(right.split(' ')[0] ?? ''))
      .map((right) => right.split(' ')[1] ?? '')
      .filter((resource) => !guarded.has(resource))
    expect([...new Set(left)].sort()).toEqual([
      'nestedclusters/finalizers.knest.dev',
      'nestedclusters/status.knest.dev',
    ])
  })

  it('leave what a NestedCluster asks for and who owns it as they are', () => {
    const expressions = controllerPolicies({}).flatMap(({ spec }) =>
      ((spec as { validations?: { expression: string }[] }).validations ?? []).map((one) => one.expression),
    )
    expect(expressions).toContain(
      "request.operation == 'DELETE' ? has(oldObject.metadata.deletionTimestamp) : (" +
        'has(object.spec) == has(oldObject.spec) && (!has(object.spec) || object.spec == oldObject.spec) && ' +
        'has(object.metadata.ownerReferences) == has(oldObject.metadata.ownerReferences) && ' +
        '(!has(object.metadata.ownerReferences) || object.metadata.ownerReferences == oldObject.metadata.ownerReferences))',
    )
  })

  it('let it give nobody rights, and take nothing of the host away', () => {
    const all = rightsIn(everyRule)
    const roles = all.filter((right) => right.endsWith('.rbac.authorization.k8s.io'))
    // What bound it goes with the cluster.
    expect(roles.filter((right) => !/^(get|list) /.test(right))).toEqual([
      'delete rolebindings.rbac.authorization.k8s.io',
    ])
    expect(all).not.toContain('delete nodes')
    expect(all).not.toContain('delete customresourcedefinitions.apiextensions.k8s.io')
    expect(rightsIn(hostRules)).not.toContain('delete namespaces')
  })
})

describe('the objects of the controller', () => {
  it('begin with the namespace, and run the image as nobody', () => {
    const objects = controllerObjects({ image: 'registry.example/knest/controller:v1' })
    expect(objects.map(({ kind }) => kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ClusterRole',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'Role',
      'RoleBinding',
      'Service',
      'Deployment',
    ])
    const pod = JSON.stringify(objects.at(-1))
    expect(pod).toContain('"image":"registry.example/knest/controller:v1"')
    expect(pod).toContain('"runAsNonRoot":true')
    expect(pod).toContain('"readOnlyRootFilesystem":true')
  })

  it('bind its rights of a cluster on the whole host only where that is asked for', () => {
    const bound = (allNamespaces: boolean): readonly unknown[] =>
      controllerObjects({ image: 'c', allNamespaces })
        .filter(({ kind }) => kind === 'ClusterRoleBinding')
        .map(({ roleRef }) => (roleRef as { name: string }).name)
    expect(bound(false)).toEqual(['knest-controller'])
    expect(bound(true)).toEqual(['knest-controller', 'knest-cluster'])
  })

  it('are what the binding of a cluster names', () => {
    const { roleRef, subjects } = controllerBinding({ name: 'a', namespace: 'team' }) as unknown as {
      roleRef: { name: string }
      subjects: { name: string; namespace: string }[]
    }
    const names = controllerObjects({ image: 'c' }).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(names).toContain(`ClusterRole ${roleRef.name}`)
    for (const { name, namespace } of subjects) {
      expect(names).toContain(`ServiceAccount ${name}`)
      expect(names).toContain(`Namespace ${namespace}`)
    }
  })
})
