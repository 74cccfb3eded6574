import { describe, expect, it } from 'vitest'
import { specDefaults } from '@knest/core'
import type { NodeSpec } from '@knest/core'
import { nodeStatefulSet } from './manifest.js'

const node: NodeSpec = {
  cluster: { name: 'demo', namespace: 'knest-demo' },
  clusterUid: '0',
  name: 'demo-worker-0',
  role: 'worker',
  pool: 'worker',
  image: 'node:1',
  machine: { cpuCores: 2, memorySize: '4Gi', rootfsSize: '20Gi' },
  identity: undefined,
  hosts: [],
  reservation: undefined,
  persistent: false,
  storageClass: undefined,
  hostPatches: [],
}

interface PodSpec {
  readonly containers: readonly { readonly volumeMounts: readonly { readonly name: string }[] }[]
  readonly volumes: readonly {
    readonly name: string
    readonly hostPath?: { readonly path: string }
    readonly emptyDir?: object
  }[]
}

function podSpec(of = node): PodSpec {
  const { spec } = nodeStatefulSet(of) as unknown as { spec: { template: { spec: PodSpec } } }
  return spec.template.spec
}

describe('the pod of a node', () => {
  it('has no token of the host, and is told of none of its Services', () => {
    expect(podSpec()).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
    expect(JSON.stringify(podSpec())).not.toMatch(/serviceAccount(Name)?"|serviceAccountToken"/)
  })

  it("has of the host its kernel's modules, to read, and none of its namespaces", () => {
    const { containers, volumes } = podSpec({ ...node, persistent: true })
    const ofHost = volumes.filter(({ hostPath }) => hostPath !== undefined)
    expect(ofHost.map(({ hostPath }) => hostPath?.path)).toEqual(['/lib/modules'])
    const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts)
    expect(mounts.filter(({ name }) => name === ofHost[0]?.name)).toMatchObject([{ readOnly: true }])
    for (const shared of ['hostNetwork', 'hostPID', 'hostIPC']) expect(podSpec()).not.toHaveProperty(shared)
  })

  it('shares loaded images with the others of its cluster, by its uid, unless its disk lasts', () => {
    const paths = (persistent: boolean) =>
      podSpec({ ...node, persistent }).volumes.flatMap(({ hostPath }) => hostPath?.path ?? [])
    expect(paths(false)).toEqual(['/var/lib/knest/images', '/lib/modules'])
    expect(paths(true)).toEqual(['/lib/modules'])
    const text = JSON.stringify(podSpec({ ...node, clusterUid: 'uid-1' }))
    expect(text).toContain('{"name":"KNEST_CLUSTER","value":"uid-1"}')
    expect(JSON.stringify(podSpec({ ...node, persistent: true }))).not.toContain('KNEST_CLUSTER')
  })

  it.each([
    ['20Gi', false, { sizeLimit: '20Gi' }],
    [specDefaults.defaultMachine.rootfsSize, false, {}],
    ['20Gi', true, undefined],
  ])('of a disk of %s (persistent: %s) may take %j', (rootfsSize, persistent, expected) => {
    const { volumes } = podSpec({ ...node, persistent, machine: { ...node.machine, rootfsSize } })
    expect(volumes.find(({ name }) => name === 'disk')?.emptyDir).toEqual(expected)
  })

  it('has on the host what its user asked for, and its own labels before it', () => {
    const hostPod = {
      labels: { team: 'a', 'knest.dev/node': 'other' },
      annotations: { note: 'b' },
      nodeSelector: { disk: 'fast' },
      tolerations: [{ operator: 'Exists' as const }],
      priorityClassName: 'high',
      runtimeClassName: 'runc',
      imagePullSecrets: [{ name: 'pull' }],
    }
    const { labels, annotations, ...fields } = hostPod
    const patch = { spec: { template: { spec: { priorityClassName: 'patched' } } } }
    const requests = { memory: '1Gi' }
    const set = nodeStatefulSet({ ...node, hostPod: { ...hostPod, requests }, hostPatches: [{ patch }] })
    const { template } = set.spec as { template: { metadata: object; spec: PodSpec } }
    expect(template.metadata).toMatchObject({
      labels: { team: 'a', 'knest.dev/node': 'demo-worker-0' },
      annotations,
    })
    expect(labels.team).toBe('a')
    expect(template.spec).toMatchObject({ ...fields, priorityClassName: 'patched' })
    expect(template.spec.containers).toMatchObject([
      { resources: { requests: { cpu: '10m', memory: '1Gi' }, limits: { cpu: '2', memory: '4Gi' } } },
    ])
  })
})
