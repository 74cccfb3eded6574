import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import {
  nestedClusterCrd,
  parseClusterFile,
  resolveSpec,
  specFromObject,
  statusCounts,
  toManifest,
} from './index.js'
import { stringify } from 'yaml'
import { validateClusterName } from './validate-name.js'

type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; items?: Schema }

/** The rules of structural schemas that a generator breaks most easily. */
function faults(schema: Schema, path: string): string[] {
  const allowed = [
    'type',
    'description',
    'default',
    'enum',
    'required',
    'properties',
    'items',
    'additionalProperties',
    'format',
    'minimum',
    'maximum',
    'maxLength',
    'pattern',
    'x-kubernetes-validations',
    'x-kubernetes-preserve-unknown-fields',
    'x-kubernetes-int-or-string',
    'x-kubernetes-list-type',
    'x-kubernetes-list-map-keys',
  ]
  return [
    ...(typeof schema.type === 'string' ||
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema['x-kubernetes-int-or-string'] === true
      ? []
      : [`${path}: no type`]),
    ...('type' in schema && schema['x-kubernetes-int-or-string'] === true
      ? [`${path}: a type too many`]
      : []),
    ...Object.keys(schema)
      .filter((key) => !allowed.includes(key))
      .map((key) => `${path}: ${key}`),
    ...(schema.properties !== undefined && 'additionalProperties' in schema ? [`${path}: both`] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => faults(inner, `${path}.${name}`)),
    ...(schema.items === undefined ? [] : faults(schema.items, `${path}[]`)),
  ]
}

describe('nestedClusterCrd', () => {
  const crd = nestedClusterCrd()
  const version = crd.spec.versions[0] as {
    schema: { openAPIV3Schema: Schema }
    additionalPrinterColumns: { name: string; jsonPath: string }[]
    subresources: { scale: Readonly<Record<string, string>> }
  }
  const root = version.schema.openAPIV3Schema

  test('has a structural schema', () => {
    expect(faults(root, '')).toEqual([])
  })

  test('knows every field of a resolved spec', () => {
    const known = root.properties?.spec?.properties ?? {}
    const desired = {
      persistence: { enabled: true, storageClass: 'a' },
      health: { unhealthyAfter: '1m' },
      deletionPolicy: 'Retain' as const,
      addons: { storage: 'none' as const, loadBalancers: 'none' as const },
      ttl: '2h',
      registries: [{ host: 'docker.io', mirrors: ['http://mirror'] }],
      deleteWith: { kind: 'Pod' as const, name: 'job', uid: 'a' },
      kubernetes: { kubelet: { maxPods: 50 } },
    }
    const spec = resolveSpec(desired, { force: false, backend: 'vm' })
    expect(Object.keys(known).sort()).toEqual([...Object.keys(spec), 'patches', 'replicas'].sort())
    expect(Object.keys(known.network?.properties ?? {}).sort()).toEqual(
      [...Object.keys(spec.network), 'podCidr'].sort(),
    )
    expect(known.network?.properties?.vxlanPort?.type).toBe('integer')
    const machine = known.controlPlane?.properties?.machine?.properties
    const description = expect.any(String) as string
    // Half a core is a number, for which a structural schema with text has no type.
    expect(machine?.cpuCores).toEqual({ description, 'x-kubernetes-preserve-unknown-fields': true })
    expect(machine?.memorySize).toEqual({ description, 'x-kubernetes-int-or-string': true })
    expect(machine?.rootfsSize).toEqual({ description, 'x-kubernetes-int-or-string': true })
    expect(known.hostPatches?.items?.properties?.patch).toMatchObject({
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    })
    expect(known.workers?.items?.properties?.labels).toMatchObject({
      additionalProperties: { type: 'string' },
    })
    // Fields of kubelet are kubelet's to name.
    expect(known.kubernetes?.properties?.kubelet).toMatchObject({
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    })
    expect(JSON.stringify(root)).not.toContain('$schema')
  })

  test.each([
    'a',
    'demo-1',
    'a'.repeat(32),
    'a'.repeat(33),
    'a'.repeat(45),
    'a.b',
    '1a',
    'a-',
    'host',
    'hosts',
  ])('refuses the names that commands refuse: %s', (name) => {
    const rules = root['x-kubernetes-validations'] as { rule: string }[]
    const holds = rules.every(({ rule }) => {
      const size = /size\(\) <= (\d+)$/.exec(rule)?.[1]
      const pattern = /matches\('(.+)'\)$/.exec(rule)?.[1]
      const other = /!= '(.+)'$/.exec(rule)?.[1]
      if (size !== undefined) return name.length <= Number(size)
      if (pattern !== undefined) return new RegExp(pattern).test(name)
      if (other !== undefined) return name !== other
      throw new Error(`the test does not know ${rule}`)
    })
    const isValid = (): boolean => {
      try {
        validateClusterName(name)
        return true
      } catch {
        return false
      }
    }
    expect(holds).toBe(isValid())
  })

  test('bounds counts and names of pools', () => {
    const { controlPlane, workers } = root.properties?.spec?.properties ?? {}
    expect(controlPlane?.properties?.count).toMatchObject({ minimum: 1, maximum: 9 })
    expect(workers?.items?.properties?.count).toMatchObject({ minimum: 0, maximum: 200 })
    expect(workers?.items?.properties?.name).toMatchObject({ maxLength: 20 })
  })

  test('the scale subresource has fields of the schema without lists, as the host demands', () => {
    const { scale } = version.subresources
    const properties = root.properties ?? {}
    for (const path of Object.values(scale)) {
      const [, part = '', field = '', ...more] = path.split('.')
      expect(more).toEqual([])
      expect(properties[part]?.properties).toHaveProperty(field)
    }
    expect(properties.spec?.properties?.replicas).toMatchObject({ type: 'integer', minimum: 0, maximum: 200 })
  })

  test('is named and printed as documented', () => {
    expect(crd.metadata).toEqual({
      name: 'nestedclusters.knest.dev',
      labels: { 'app.kubernetes.io/managed-by': 'knest' },
    })
    expect(crd.spec.names.shortNames).toEqual(['nc'])
    expect(version.additionalPrinterColumns.map((column) => column.name.toUpperCase())).toEqual([
      'PHASE',
      'VERSION',
      'CONTROL-PLANE',
      'WORKERS',
      'BACKEND',
      'AGE',
    ])
    // An object that was declared need not have these in its spec.
    for (const { jsonPath } of version.additionalPrinterColumns.slice(0, -1)) {
      const [, part, field = ''] = jsonPath.split('.')
      expect(part).toBe('status')
      expect(root.properties?.status?.properties).toHaveProperty(field)
    }
    expect(statusCounts(1, 3)).toEqual({ ready: 1, desired: 3, summary: '1/3' })
  })
})

describe('toManifest and specFromObject', () => {
  const ref = { name: 'demo', namespace: 'knest-demo' }
  const spec = resolveSpec(
    {
      controlPlane: { count: 3 },
      workers: [{ name: 'gpu', taints: [{ key: 'a', value: 'b', effect: 'NoExecute' }] }],
    },
    { force: false },
  )

  test('are inverses, also through a file', () => {
    const object = toManifest(ref, spec)
    expect(object.metadata).toEqual({
      ...ref,
      labels: { 'knest.dev/cluster': 'demo', 'app.kubernetes.io/managed-by': 'knest' },
    })
    expect(specFromObject(object)).toEqual(spec)
    const file = parseClusterFile(stringify(object), 'f')
    expect(file.ref).toEqual(ref)
    expect(resolveSpec(file.input, { force: false })).toEqual(spec)
  })

  test('a partial object gets its defaults, an even control plane is kept', () => {
    const object = { ...toManifest(ref, spec), spec: { controlPlane: { count: 2 } } } as KubeObject
    expect(specFromObject(object)).toMatchObject({
      controlPlane: { count: 2 },
      network: { podNetworkCidr: ['10.200.0.0/16'] },
    })
  })

  test('an object of another version is named', () => {
    const object = { ...toManifest(ref, spec), spec: { shape: 'round' } } as KubeObject
    expect(() => specFromObject(object)).toThrow(
      'NestedCluster "knest-demo/demo" cannot be read: "spec.shape" is not a known field',
    )
  })
})
