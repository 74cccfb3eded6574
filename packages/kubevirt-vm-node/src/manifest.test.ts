import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { virtualMachine, type RootVolume } from './manifest.js'
import { sampleNode } from './sample-node.js'
import { schemaFaults, type Schema } from './structural-schema.js'

const reservation = {
  ip: '10.1.2.3',
  mac: '52:54:00:01:02:03',
  annotations: { 'cni.example/ip': '10.1.2.3' },
}

describe('the VirtualMachine of a node', () => {
  const { metadata, spec } = virtualMachine(sampleNode, 'image')

  it('carries the labels of a node on VM, instance and pod', () => {
    const labels = {
      'knest.dev/cluster': 'demo',
      'knest.dev/node': 'demo-worker-0',
      'knest.dev/role': 'worker',
      'knest.dev/pool': 'worker',
      'knest.dev/backend': 'vm',
      'app.kubernetes.io/managed-by': 'knest',
    }
    expect(metadata.labels).toEqual(labels)
    expect(spec.template.metadata.labels).toEqual(labels)
    expect(metadata.ownerReferences?.[0]).toMatchObject({ kind: 'NestedCluster', uid: sampleNode.clusterUid })
  })

  it('is always started again, found by name, bridged with the MAC its pod has, and ready when SSH answers', () => {
    expect(spec.runStrategy).toBe('Always')
    const { template } = spec
    expect(template.spec).toMatchObject({
      hostname: 'demo-worker-0',
      subdomain: 'demo-nodes',
      evictionStrategy: 'None',
      readinessProbe: { tcpSocket: { port: 22 } },
      networks: [{ name: 'pod', pod: {} }],
      domain: { cpu: { cores: 2 }, memory: { guest: '4Gi' } },
    })
    expect(template.spec.domain.devices.interfaces).toEqual([{ name: 'pod', bridge: {} }])
  })

  it.each<[RootVolume, object]>([
    ['image', { containerDisk: { image: sampleNode.vmImage, imagePullPolicy: 'IfNotPresent' } }],
    ['data-volume', { dataVolume: { name: 'demo-worker-0-root' } }],
    ['claim', { persistentVolumeClaim: { claimName: 'demo-worker-0-root' } }],
  ])('boots from its %s', (root, volume) => {
    const volumes = virtualMachine(sampleNode, root).spec.template.spec.volumes as readonly object[]
    expect(volumes).toEqual([
      { name: 'root', ...volume },
      { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'demo-worker-0-userdata' } } },
    ])
  })

  it('has the leased MAC and the annotations of the lease', () => {
    const leased = virtualMachine({ ...sampleNode, reservation }, 'claim').spec.template
    expect(leased.metadata.annotations).toEqual(reservation.annotations)
    expect(leased.spec.domain.devices.interfaces[0].macAddress).toBe(reservation.mac)
  })

  it('boots a kernel of an image when told to', () => {
    const kernelBoot = {
      image: 'k',
      kernelPath: '/boot/vmlinuz',
      initrdPath: '/boot/initrd',
      args: 'root=LABEL=r',
    }
    expect(virtualMachine(sampleNode, 'image', { kernelBoot }).spec.template.spec.domain.firmware).toEqual({
      kernelBoot: {
        kernelArgs: 'root=LABEL=r',
        container: {
          image: 'k',
          imagePullPolicy: 'IfNotPresent',
          kernelPath: '/boot/vmlinuz',
          initrdPath: '/boot/initrd',
        },
      },
    })
  })

  it('has on the host what its user asked for, as far as KubeVirt has it', () => {
    const placed = {
      nodeSelector: { disk: 'fast' },
      tolerations: [{ operator: 'Exists' as const }],
      priorityClassName: 'high',
    }
    const hostPod = {
      ...placed,
      labels: { team: 'a', 'knest.dev/node': 'other' },
      annotations: { note: 'b' },
      imagePullSecrets: [{ name: 'pull' }],
      requests: { cpu: '1' },
    }
    const { template } = virtualMachine({ ...sampleNode, hostPod }, 'image').spec
    expect(template.metadata.labels).toMatchObject({ team: 'a', 'knest.dev/node': 'demo-worker-0' })
    expect(template.metadata.annotations).toEqual({ note: 'b' })
    expect(template.spec).toMatchObject(placed)
    expect(template.spec.domain.resources).toEqual({ requests: { cpu: '1' } })
    expect(template.spec.volumes[0].containerDisk.imagePullSecret).toBe('pull')
  })

  it('takes the patches for its role and for all', () => {
    const patch = { spec: { template: { spec: { nodeSelector: { disk: 'fast' } } } } }
    const other = { role: 'control-plane' as const, patch: { spec: { runStrategy: 'Halted' } } }
    const patched = virtualMachine({ ...sampleNode, hostPatches: [{ patch }, other] }, 'image')
    expect(patched.spec.template.spec.nodeSelector).toEqual({ disk: 'fast' })
    expect(patched.spec.runStrategy).toBe('Always')
  })

  it.each([
    [{ name: 'pod', masquerade: {} }, /masquerade on the pod network/],
    [{ name: 'pod', bridge: null }, /no bridge to the pod network/],
    [{ name: 'other', bridge: {} }, /no bridge to the pod network/],
  ])('refuses a patch that takes its bridge away: %j', (change, message) => {
    const { bridge, ...rest } = change as { bridge?: object | null; name: string }
    const interfaces = [bridge === null ? rest : change]
    const patch = { spec: { template: { spec: { domain: { devices: { interfaces } } } } } }
    expect(() => virtualMachine({ ...sampleNode, hostPatches: [{ patch }] }, 'image')).toThrow(message)
  })
})

/** KubeVirt's own CRDs are not part of this repository; they lie beside it where somebody put them. */
const crds = resolve(fileURLToPath(new URL('../../../../shared/data/crds/kubevirt', import.meta.url)))
const hasCrds = existsSync(crds)
if (!hasCrds)
  console.log(`skipped: no CRDs of KubeVirt in ${crds}, so manifests are not checked against them`)

describe.skipIf(!hasCrds)('against the CRD of KubeVirt', () => {
  const kernelBoot = { image: 'k', kernelPath: '/boot/vmlinuz', initrdPath: '/boot/initrd', args: 'quiet' }
  it.each<RootVolume>(['image', 'data-volume', 'claim'])('booting from its %s is valid', (root) => {
    const crd = JSON.parse(readFileSync(resolve(crds, 'virtualmachines.json'), 'utf8')) as {
      spec: { versions: readonly { name: string; schema: { openAPIV3Schema: Schema } }[] }
    }
    const schema = crd.spec.versions.find(({ name }) => name === 'v1')?.schema.openAPIV3Schema ?? {}
    const vm = virtualMachine({ ...sampleNode, reservation }, root, { kernelBoot })
    expect(schemaFaults(schema, { ...vm, metadata: {} })).toEqual([])
    // The check itself notices what is wrong.
    expect(schemaFaults(schema, { ...vm, metadata: {}, spec: { ...vm.spec, runStrategi: 1 } })).toHaveLength(
      1,
    )
  })
})
