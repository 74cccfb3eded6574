import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { nestedClusterCrd } from './crd.js'
import { parseClusterFile } from './parse-file.js'
import { resolveSpec } from './resolve.js'
import type { ClusterInput } from './schema.js'
import { clusterManifest } from './cluster-manifest.js'

const ref = { name: 'a', namespace: 'team' }
const resolve = (input: ClusterInput): ReturnType<typeof resolveSpec> => resolveSpec(input, { force: false })

const manifests: readonly (readonly [string, ClusterInput])[] = [
  ['nothing', {}],
  ['no workers', { workers: [] }],
  [
    'everything',
    {
      kubernetesVersion: '1.34.2',
      image: 'example.com/node:v1.34.2',
      controlPlane: { count: 3, machine: { cpuCores: 1.5 } },
      workers: [
        {
          name: 'gpu',
          count: 2,
          labels: { 'example.com/gpu': 'true' },
          taints: [{ key: 'gpu', effect: 'NoSchedule' }],
        },
        { name: 'vms', backend: 'vm' },
      ],
      network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'], vxlanPort: 5000, mtu: 1300 },
      endpoint: { serviceType: 'LoadBalancer' },
      persistence: {
        enabled: true,
        storageClass: 'fast',
        addresses: ['10.9.0.1-10.9.0.9'],
        hostClusterCni: 'calico',
      },
      addons: { storage: 'none' },
      ttl: '2h',
      deleteWith: { kind: 'Pod', namespace: 'ci', name: 'job', uid: 'a' },
      hostPatches: [{ role: 'worker', patch: { metadata: { annotations: { a: 'b' } } } }],
    },
  ],
]

describe('clusterManifest', () => {
  it.for(manifests)('read again, %s is the same spec', ([, input]) => {
    const spec = resolve(input)
    const file = parseClusterFile(stringify(clusterManifest(ref, spec)), 'rendered.yaml')
    expect(file.ref).toEqual(ref)
    expect(resolve(file.input)).toEqual(spec)
  })

  it('says nothing of what the host decides, and pins what a version of knest decides', () => {
    const { spec } = clusterManifest(ref, resolve({})) as unknown as {
      spec: Record<string, Record<string, unknown>>
    }
    expect(spec).not.toHaveProperty('endpoint')
    expect(spec.network).not.toHaveProperty('mtu')
    expect(spec.network).not.toHaveProperty('vxlanPort')
    expect(spec.persistence).not.toHaveProperty('hostClusterCni')
    expect(spec).toMatchObject({ kubernetesVersion: '1.35.4', image: 'localhost/knest/node:v1.35.4' })
  })

  it('belongs to who applies it', () => {
    expect(clusterManifest(ref, resolve({})).metadata).toEqual(ref)
  })

  it('has only fields that the resource definition keeps: the API server drops others, which is drift', () => {
    const crd = nestedClusterCrd() as unknown as {
      spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: Schema } } } }] }
    }
    const schema = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec
    for (const [, input] of manifests)
      expect(unknown(clusterManifest(ref, resolve(input)).spec, schema)).toEqual([])
  })

  it('refuses a CNI manifest that only this machine has', () => {
    for (const cni of ['./cni.yaml', 'cilium=/tmp/cilium.yaml']) {
      expect(() => clusterManifest(ref, resolve({ network: { cni } }))).toThrow(/file of this machine/)
    }
    expect(() =>
      clusterManifest(ref, resolve({ network: { cni: 'https://example.com/cni.yaml' } })),
    ).not.toThrow()
  })
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

function unknown(value: unknown, schema: Schema, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unknown(item, schema.items ?? {}, `${path}[]`))
  const { properties } = schema
  if (typeof value !== 'object' || value === null || properties === undefined) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const known = properties[name]
    return known === undefined ? [`${path}.${name}`] : unknown(child, known, `${path}.${name}`)
  })
}
