import { describe, expect, it } from 'vitest'
import { controllerObjects } from './manifests.js'
import { controllerRules } from './rbac.js'

describe('the rights of the controller', () => {
  it('name every group, kind and verb', () => {
    expect(JSON.stringify(controllerRules)).not.toContain('*')
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
