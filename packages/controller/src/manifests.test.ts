import { describe, expect, it } from 'vitest'
import { controllerObjects } from './manifests.js'
import { controllerPolicy } from './policy.js'
import { controllerRules } from './rbac.js'

describe('the rights of the controller', () => {
  it('name every group, kind and verb', () => {
    expect(JSON.stringify(controllerRules)).not.toContain('*')
  })

  it('to change and delete are of kinds that the policy guards, or that only knest has', () => {
    const [policy] = controllerPolicy({})
    const rules = (
      policy?.spec as {
        matchConstraints: { resourceRules: readonly { apiGroups: string[]; resources: string[] }[] }
      }
    ).matchConstraints.resourceRules
    const isGuarded = (group: string, resource: string): boolean =>
      rules.some(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource))
    const left = controllerRules.flatMap(({ apiGroups, resources, verbs }) =>
      ['update', 'patch', 'delete'].some((verb) => verbs.includes(verb))
        ? apiGroups.flatMap((group) =>
            resources
              .filter((resource) => !isGuarded(group, resource))
              .map((resource) => `${group} ${resource}`),
          )
        : [],
    )
    expect([...new Set(left)].sort()).toEqual([
      ' events',
      'coordination.k8s.io leases',
      'knest.dev nestedclusters',
      'knest.dev nestedclusters/finalizers',
      'knest.dev nestedclusters/status',
    ])
  })

  it('let it give nobody rights, and take nothing of the host away', () => {
    const may = (verb: string, resource: string): boolean =>
      controllerRules.some(({ verbs, resources }) => verbs.includes(verb) && resources.includes(resource))
    for (const resource of ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'])
      expect(may('get', resource)).toBe(false)
    expect(may('delete', 'nodes')).toBe(false)
    expect(may('delete', 'customresourcedefinitions')).toBe(false)
  })
})

describe('the objects of the controller', () => {
  it('begin with the namespace, and run the image as nobody', () => {
    const objects = controllerObjects('registry.example/knest/controller:v1')
    expect(objects.map(({ kind }) => kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ClusterRole',
      'ClusterRoleBinding',
      'Service',
      'Deployment',
    ])
    const pod = JSON.stringify(objects.at(-1))
    expect(pod).toContain('"image":"registry.example/knest/controller:v1"')
    expect(pod).toContain('"runAsNonRoot":true')
    expect(pod).toContain('"readOnlyRootFilesystem":true')
  })
})
