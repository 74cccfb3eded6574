import { describe, expect, it, test } from 'vitest'
import { KnestError } from '../errors.js'
import { mergePatch } from '../backend-support/merge-patch.js'
import { nestedClusterCrd } from './crd.js'
import { clusterFileJsonSchema } from './json-schema.js'
import { modernize, oldSpelling, specPatch } from './old-spellings.js'
import { parseClusterFile } from './parse-file.js'
import { resolveSpec } from './resolve.js'

const head = 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nspec:\n'
const patch = { patch: { metadata: { annotations: { a: 'b' } } } }

interface Case {
  readonly name: string
  readonly spec: Record<string, unknown>
  readonly today: Record<string, unknown>
  /** Fields that a warning names. */
  readonly warned: readonly string[]
}

const cases: readonly Case[] = [
  {
    name: 'the new spelling',
    spec: {
      network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'] },
      hostPatches: [patch],
    },
    today: {
      network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'] },
      hostPatches: [patch],
    },
    warned: [],
  },
  {
    name: 'the old spelling',
    spec: { network: { podCidr: '10.1.0.0/16', serviceCidr: '10.2.0.0/16' }, patches: [patch] },
    today: {
      network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'] },
      hostPatches: [patch],
    },
    warned: ['spec.network.podCidr', 'spec.patches'],
  },
  {
    name: 'text for a list of one',
    spec: { network: { podNetworkCidr: '10.1.0.0/16', serviceCidr: '10.2.0.0/16' } },
    today: { network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'] } },
    warned: [],
  },
  {
    name: "text with kubeadm's comma",
    spec: { network: { serviceCidr: '10.2.0.0/16, fd00::/108' } },
    today: { network: { serviceCidr: ['10.2.0.0/16', 'fd00::/108'] } },
    warned: [],
  },
  {
    name: 'neither',
    spec: { controlPlane: { count: 3 } },
    today: { controlPlane: { count: 3 } },
    warned: [],
  },
]

describe('modernize', () => {
  it.for(cases)('reads $name', ({ spec, today, warned }) => {
    for (const source of ['file', 'stored'] as const) {
      const read = modernize(spec, source)
      expect(read.spec).toEqual(today)
      expect(read.problems).toEqual([])
      expect(read.warnings.map(({ message }) => /"([^"]+)"/.exec(message)?.[1])).toEqual(warned)
    }
  })

  it.for([undefined, null, 'text', 3, [], { network: null }, { network: 'x' }, { network: [] }])(
    'leaves %o for the check of shapes',
    (given) => {
      expect(modernize(given, 'file')).toMatchObject({ spec: given, warnings: [], problems: [] })
    },
  )

  test.each([
    [
      'ranges',
      { network: { podCidr: '10.1.0.0/16', podNetworkCidr: ['10.3.0.0/16'] } },
      'spec.network.podCidr',
    ],
    ['patches', { patches: [patch], hostPatches: [] }, 'spec.patches'],
  ])('refuses %s in both spellings that differ', (_, spec, name) => {
    for (const source of ['file', 'stored'] as const) {
      const [problem, ...more] = modernize(spec, source).problems
      expect(problem?.message).toContain(`"${name}" and "`)
      expect(problem?.message).toContain('are both given')
      expect(more).toEqual([])
    }
  })

  it('takes both in a stored object when they say the same, since a GitOps tool puts its own back', () => {
    const spec = {
      network: { podCidr: '10.1.0.0/16', podNetworkCidr: ['10.1.0.0/16'] },
      patches: [],
      hostPatches: [],
    }
    expect(modernize(spec, 'stored').problems).toEqual([])
    expect(modernize(spec, 'stored').spec).toEqual({
      network: { podNetworkCidr: ['10.1.0.0/16'] },
      hostPatches: [],
    })
    expect(modernize(spec, 'file').problems).toHaveLength(2)
  })
})

describe('a file in the old spelling', () => {
  it('is read, with a warning for each field that says line and new name', () => {
    const text = `${head}  network:\n    mtu: 1400\n    podCidr: 10.1.0.0/16\n    serviceCidr: 10.2.0.0/16\n  patches: []\n`
    const { input, warnings } = parseClusterFile(text, 'c.yaml')
    expect(resolveSpec(input, { force: false }).network.podNetworkCidr).toEqual(['10.1.0.0/16'])
    expect(warnings).toEqual([
      '"c.yaml" line 6: "spec.network.podCidr" is called "spec.network.podNetworkCidr" now, a list; the old name is still read',
      '"c.yaml" line 8: "spec.patches" is called "spec.hostPatches" now; the old name is still read',
    ])
  })

  it('is refused when it has both', () => {
    const text = `${head}  network:\n    podNetworkCidr: [10.1.0.0/16]\n    podCidr: 10.1.0.0/16\n`
    const read = (): unknown => parseClusterFile(text, 'c.yaml')
    expect(read).toThrow(
      /"c.yaml" line 6: "spec.network.podCidr" and "spec.network.podNetworkCidr" are both given/,
    )
    expect(read).toThrow(KnestError)
  })

  test.each([
    ['  network:\n    mtu: 0\n    podCidr: 5\n', 'line 6: "spec.network.podNetworkCidr" is 5'],
    ['  network: {}\n  patches:\n  - role: worker\n', 'line 6: "spec.hostPatches[0].patch" is missing'],
  ])('is refused at the line that is wrong: %j', (text, message) => {
    expect(() => parseClusterFile(head + text, 'c.yaml')).toThrow(message)
  })
})

describe('oldSpelling', () => {
  const spec = resolveSpec({ hostPatches: [patch] }, { force: false })

  it('is what the version before wrote, and reads as the same', () => {
    const old = oldSpelling({ ...spec })
    expect(old?.network).toEqual({
      podCidr: '10.200.0.0/16',
      serviceCidr: '10.201.0.0/16',
      dnsDomain: 'cluster.local',
      cni: 'flannel',
      vxlanPort: 14789,
      mtu: 0,
    })
    expect(old?.patches).toEqual([patch])
    expect(old).not.toHaveProperty('hostPatches')
    expect(modernize(old, 'stored').spec).toEqual(spec)
  })

  it('cannot say two ranges', () => {
    const network = { ...spec.network, serviceCidr: ['10.201.0.0/16', 'fd00::/108'] }
    expect(oldSpelling({ ...spec, network })).toBeUndefined()
  })

  it('is left behind by a patch, and the other way round', () => {
    const today = { ...spec }
    const old = oldSpelling(today) ?? {}
    expect(mergePatch(old, specPatch(today))).toEqual(today)
    expect(mergePatch(today, specPatch(old))).toEqual(old)
  })
})

describe('schemas', () => {
  it('of editors know the old names as deprecated, and text for a list', () => {
    const schema = clusterFileJsonSchema() as unknown as {
      properties: {
        spec: { properties: Record<string, { deprecated?: boolean; properties: Record<string, object> }> }
      }
    }
    const { network, patches } = schema.properties.spec.properties
    expect(patches?.deprecated).toBe(true)
    expect(network?.properties.podCidr).toMatchObject({ type: 'string', deprecated: true })
    for (const name of ['podNetworkCidr', 'serviceCidr'])
      expect(network?.properties[name]).toMatchObject({
        anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }],
      })
  })

  it('of the host keep what stored objects have', () => {
    const crd = nestedClusterCrd() as unknown as {
      spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } } }] }
    }
    expect(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties).toMatchObject({
      network: {
        properties: {
          podNetworkCidr: { type: 'array', items: { type: 'string' } },
          podCidr: { type: 'string', description: 'Old name of podNetworkCidr' },
          serviceCidr: { 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
      hostPatches: { type: 'array' },
      patches: { type: 'array', description: 'Old name of hostPatches' },
    })
  })
})
