import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { fakeSpec } from '../plan/fake-spec.js'
import { staticPodPatches } from './static-pod-patches.js'

interface Patch {
  readonly spec: {
    readonly containers: readonly {
      readonly name: string
      readonly readinessProbe?: unknown
      readonly resources?: { readonly requests: { readonly cpu: string } }
    }[]
  }
}

function patchesOf(backend: 'pod' | 'container'): ReadonlyMap<string, Patch['spec']['containers'][number]> {
  const controlPlane = { ...fakeSpec(1, 0).controlPlane, backend }
  const containers = staticPodPatches({ controlPlane }).map(({ path, content }) => {
    const [container] = (parse(content) as Patch).spec.containers
    expect(path).toBe(`/etc/kubernetes/knest-patches/${container?.name ?? ''}+strategic.yaml`)
    return container
  })
  return new Map(containers.flatMap((one) => (one === undefined ? [] : [[one.name, one]])))
}

test('what kubeadm asks every second is asked less often, and the scheduler of a nested cluster sees what kubeadm gives', () => {
  const patches = patchesOf('pod')
  expect([...patches.keys()]).toEqual(['etcd', 'kube-apiserver', 'kube-scheduler'])
  for (const { readinessProbe, resources } of patches.values()) {
    expect(readinessProbe).toEqual({ periodSeconds: 10 })
    expect(resources).toBeUndefined()
  }
})

test('an embedded host keeps its room for nested clusters', () => {
  const requests = [...patchesOf('container').values()].map(({ resources }) => resources?.requests.cpu ?? '')
  expect(requests).toHaveLength(4)
  expect(requests.reduce((sum, cpu) => sum + Number.parseInt(cpu), 0)).toBeLessThanOrEqual(250)
})
