import { execFileSync } from 'node:child_process'
import { resolveSpec, standaloneObjects } from '@knest/core'
import type { ClusterInput, KubeObject } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { standaloneStatefulSet } from './standalone.js'

const render = (input: ClusterInput = {}, namespace = 'knest-a'): Promise<readonly KubeObject[]> =>
  standaloneObjects({ name: 'a', namespace }, resolveSpec(input, { force: false }), {
    node: standaloneStatefulSet,
    note: () => undefined,
    signal: new AbortController().signal,
  })

const threeAndTwo: ClusterInput = {
  controlPlane: { count: 3 },
  workers: [{ count: 1 }, { name: 'gpu', count: 1 }],
}

function named(objects: readonly KubeObject[], kind: string): readonly string[] {
  return objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name)
}

function settings(objects: readonly KubeObject[]): Readonly<Record<string, string>> {
  return objects.find(({ kind }) => kind === 'ConfigMap')?.data as Record<string, string>
}

interface Pod {
  readonly enableServiceLinks: boolean
  readonly containers: readonly {
    readonly command: readonly string[]
    readonly env?: readonly { readonly name: string; readonly value: string }[]
    readonly volumeMounts: readonly { readonly name: string }[]
  }[]
  readonly volumes: readonly {
    readonly name: string
    readonly configMap?: { readonly items: readonly { readonly key: string; readonly path: string }[] }
  }[]
}

function pods(objects: readonly KubeObject[]): ReadonlyMap<string, Pod> {
  const made = objects.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Job')
  return new Map(
    made.map(({ metadata, spec }) => [metadata.name, (spec as { template: { spec: Pod } }).template.spec]),
  )
}

describe('a standalone cluster', () => {
  it('is the same every time, and holds no secret', async () => {
    const objects = await render(threeAndTwo)
    expect(JSON.stringify(await render(threeAndTwo))).toBe(JSON.stringify(objects))
    const secrets = objects.filter(({ kind }) => kind === 'Secret')
    expect(secrets.map(({ metadata }) => metadata.name)).toEqual([
      'a-pki',
      'a-kubeconfig',
      'a-worker-0',
      'a-gpu-0',
    ])
    for (const secret of secrets)
      expect(Object.keys(secret)).toEqual(['apiVersion', 'kind', 'metadata', 'type'])
    expect(JSON.stringify(objects)).not.toContain('PRIVATE KEY')
  })

  it('belongs to who applies it: no object is managed by knest or owned by its record', async () => {
    expect(JSON.stringify(await render(threeAndTwo))).not.toMatch(/managed-by|ownerReferences/)
  })

  it('has Services before the nodes that ask for their addresses', async () => {
    const kinds = (await render(threeAndTwo)).map(({ kind }) => kind)
    expect(kinds.lastIndexOf('Service')).toBeLessThan(kinds.indexOf('StatefulSet'))
    expect(kinds[0]).toBe('Namespace')
    expect(named(await render(threeAndTwo, 'team'), 'Namespace')).toEqual([])
  })

  it('gives every control plane the ClusterIP of its own Service as identity', async () => {
    const objects = await render(threeAndTwo)
    expect(named(objects, 'Service')).toEqual(['a-api', 'a-nodes', 'a-cp-0', 'a-cp-1', 'a-cp-2'])
    const env = pods(objects).get('a-cp-1')?.containers[0]?.env
    expect(env).toContainEqual({ name: 'KNEST_IDENTITY', value: '$(A_CP_1_SERVICE_HOST)' })
    expect(env).toContainEqual({ name: 'KNEST_API_ADDRESS', value: '$(A_API_SERVICE_HOST)' })
    expect(pods(objects).get('a-cp-1')?.enableServiceLinks).toBe(true)
    expect(JSON.stringify(pods(objects).get('a-worker-0'))).not.toContain('KNEST_IDENTITY')
    expect(settings(objects)['control-planes']).toBe('a-cp-0\na-cp-1\na-cp-2\n')
  })

  it('mounts only files that its ConfigMap has, and gives no worker an authority', async () => {
    const objects = await render(threeAndTwo)
    const keys = Object.keys(settings(objects))
    for (const pod of pods(objects).values()) {
      const items = pod.volumes.flatMap(({ configMap }) => configMap?.items ?? [])
      expect(items.length).toBeGreaterThan(1)
      expect(items.filter(({ key }) => !keys.includes(key))).toEqual([])
    }
    const worker = JSON.stringify(pods(objects).get('a-gpu-0')?.volumes)
    expect(worker).toContain('a-gpu-0')
    expect(worker).not.toContain('a-pki')
  })

  it('has scripts that bash can read', async () => {
    const data = settings(await render(threeAndTwo))
    for (const name of ['start', 'control-plane', 'worker', 'certificates']) {
      expect(
        () => execFileSync('bash', ['-n'], { input: data[name] ?? '(', stdio: 'pipe' }),
        name,
      ).not.toThrow()
    }
  })

  it('fills in nothing that kubeadm would read as it stands', async () => {
    const { 'init.yaml': init = '', 'join.yaml': join = '' } = settings(await render(threeAndTwo))
    expect(init).toContain('advertiseAddress: __IDENTITY__')
    expect(join).toContain('name: __NODE__')
    // Nobody is there to renew certificates.
    expect(init).toContain('certificateValidityPeriod: 87600h')
  })

  it('takes no node away when a template changes', async () => {
    const sets = (await render()).filter(({ kind }) => kind === 'StatefulSet')
    expect(sets.map(({ spec }) => (spec as { updateStrategy: object }).updateStrategy)).toEqual([
      { type: 'OnDelete' },
      { type: 'OnDelete' },
    ])
  })

  it('names the Job after what it does, since Jobs cannot change', async () => {
    const [one] = named(await render(), 'Job')
    const [more] = named(await render({ workers: [{ count: 2 }] }), 'Job')
    expect(one).toMatch(/^a-certificates-[0-9a-f]{8}$/)
    expect(more).not.toBe(one)
  })

  it('keeps patches, and says when they leave no node', async () => {
    const patch = { spec: { template: { spec: { nodeSelector: { disk: 'fast' } } } } }
    expect(JSON.stringify(pods(await render({ hostPatches: [{ patch }] })).get('a-cp-0'))).toContain(
      '"nodeSelector":{"disk":"fast"}',
    )
    const other = { spec: { template: { spec: { containers: [{ name: 'other', image: 'b' }] } } } }
    await expect(render({ hostPatches: [{ patch: other }] })).rejects.toThrow(/leave no container "node"/)
  })

  it('refuses what only knest can do, all at once', async () => {
    const desired: ClusterInput = {
      workers: [{ backend: 'vm' }],
      persistence: { enabled: true, addresses: ['10.9.0.1-10.9.0.9'] },
    }
    await expect(render(desired)).rejects.toMatchObject({
      code: 'config',
      problems: [
        { message: expect.stringContaining('backend "vm"') as string },
        { message: expect.stringContaining('addresses of nodes') as string },
      ],
    })
  })
})
