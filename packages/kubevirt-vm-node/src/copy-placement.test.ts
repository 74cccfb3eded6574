import { describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '@knest/core'
import { copyImageJob } from './copy-job.js'
import { vmHosts } from './copy-placement.js'
import { virtualMachine } from './manifest.js'
import { sampleNode } from './sample-node.js'

interface PodSpec {
  readonly nodeSelector: object
  readonly affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: unknown[] } }
  readonly containers: [{ readonly resources: object }]
  readonly [field: string]: unknown
}

const podOf = (job: KubeObject): { metadata: { labels: Record<string, string> }; spec: PodSpec } =>
  job.spec.template as { metadata: { labels: Record<string, string> }; spec: PodSpec }
const signal = new AbortController().signal

describe('the job that fills the disk of a VM', () => {
  const hosts = { 'kubevirt.io/schedulable': 'true' }

  it.each<[string, object, object]>([
    ['nodeSelector', { nodeSelector: { disk: 'fast' } }, { nodeSelector: { ...hosts, disk: 'fast' } }],
    ['tolerations', { tolerations: [{ key: 'vms', operator: 'Exists' }] }, {}],
    ['scheduler', { schedulerName: 'other' }, {}],
    ['priority', { priorityClassName: 'high' }, {}],
    ['spread', { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone' }] }, {}],
  ])('runs where the VM does, by its %s', (_, given, wanted) => {
    const patch = { spec: { template: { spec: given } } }
    const { spec } = podOf(copyImageJob({ ...sampleNode, hostPatches: [{ patch }] }, hosts))
    expect(spec).toMatchObject({ nodeSelector: hosts, ...given, ...wanted })
  })

  it('has the affinity of the VM', () => {
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
      },
    }
    const patch = { spec: { template: { spec: { affinity: { nodeAffinity } } } } }
    const spec = { ...sampleNode, hostPatches: [{ patch }] }
    const ofVm = virtualMachine(spec, 'claim').spec.template.spec.affinity as PodSpec['affinity']
    const { affinity } = podOf(copyImageJob(spec, hosts)).spec
    expect(affinity).toMatchObject({ nodeAffinity })
    expect(affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution).toEqual(
      expect.arrayContaining(ofVm.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution),
    )
  })

  it('keeps away from those of the same role, which have no labels of nodes', () => {
    const { metadata, spec } = podOf(copyImageJob(sampleNode, {}))
    const matchLabels = { 'knest.dev/copies-for': 'demo', 'knest.dev/copies-for-role': 'worker' }
    expect(metadata.labels).toMatchObject(matchLabels)
    expect(metadata.labels).not.toHaveProperty('knest.dev/cluster')
    expect(spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution).toContainEqual({
      weight: 100,
      podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } },
    })
    expect(spec.nodeSelector).toEqual({})
  })

  it('comes only where there is room for the VM', () => {
    const { resources } = podOf(copyImageJob({ ...sampleNode, role: 'control-plane' }, {})).spec.containers[0]
    expect(resources).toEqual({ requests: { memory: '4Gi', cpu: '100m' } })
  })
})

describe('host nodes that take VMs', () => {
  const api = (list: KubeApi['list']): KubeApi => ({ list }) as KubeApi
  const label = { 'kubevirt.io/schedulable': 'true' }
  it.each<[string, KubeApi['list'], object]>([
    ['are chosen by the label that KubeVirt gives them', () => Promise.resolve([{} as KubeObject]), label],
    ['are any where there is no such label', () => Promise.resolve([]), {}],
    ['are any where nodes may not be read', () => Promise.reject(new Error('no')), {}],
  ])('%s', async (_, list, wanted) => {
    expect(await vmHosts(api(list), signal)).toEqual(wanted)
  })
})
