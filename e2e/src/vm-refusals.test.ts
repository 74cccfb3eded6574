import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { KubeApi } from 'knest'
import { never, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { inventory, quietInventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'
import { findKubeVirt } from './support/kubevirt.js'
import { nodeFlags } from './support/nodes.js'

const kubeVirtKind = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt' }

let home: TestHome
let host: KubeApi
let standIn: boolean

beforeAll(async () => {
  home = createHome()
  host = await openHost(home)
  standIn = (await findKubeVirt(host)) !== 'real KubeVirt'
})
afterAll(() => {
  host.close()
  home.remove()
})

/** Runs a create that must be refused: one message, and nothing on the host. */
async function refused(input: string, ...flags: readonly string[]): Promise<string> {
  const before = await quietInventory(host)
  const outcome = await runKnest(home, ['create', 'e2e-refused', '--context', hostContext, ...flags], {
    input,
  })
  expect(outcome.code, outcome.stderr).toBe(3)
  expect(outcome.stderr.match(/^error: /gm)).toHaveLength(1)
  expect(await inventory(host)).toEqual(before)
  return outcome.stderr
}

/** Runs with other settings of KubeVirt, which a real one would take minutes to follow. */
async function configured(configuration: object, work: () => Promise<void>): Promise<void> {
  const [now] = await host.list(kubeVirtKind, { signal: never })
  if (now === undefined) throw new Error('the host has no KubeVirt')
  const change = (spec: unknown): Promise<unknown> =>
    host.apply(
      {
        ...kubeVirtKind,
        metadata: { name: now.metadata.name, namespace: now.metadata.namespace ?? '' },
        spec,
      },
      { signal: never },
    )
  await change({ configuration })
  try {
    await work()
  } finally {
    await change(now.spec)
  }
}

/** Runs while the stand-in claims no KVM for the host's nodes. */
async function withoutKvm(work: () => Promise<void>): Promise<void> {
  const [found] = await host.list(kubeVirtKind, { signal: never })
  if (found === undefined) throw new Error('the host has no KubeVirt')
  const claim = async (annotation: string | null, claimed: boolean): Promise<void> => {
    const { name, namespace = '' } = found.metadata
    const annotations = { 'kubevirt-stand-in.knest.dev/no-kvm': annotation }
    await host.patch(kubeVirtKind, name, namespace, { metadata: { annotations } }, { signal: never })
    await vi.waitFor(
      async () => {
        for (const node of await host.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })) {
          const { allocatable } = node.status as { allocatable: Record<string, string> }
          expect('devices.kubevirt.io/kvm' in allocatable).toBe(claimed)
        }
      },
      { timeout: 30_000, interval: 500 },
    )
  }
  try {
    await claim('', false)
    await work()
  } finally {
    await claim(null, true)
  }
}

describe('knest create with VM nodes is refused before anything exists when', () => {
  it('KubeVirt forbids bridged VMs', async (context) => {
    if (!standIn) return context.skip('a real KubeVirt is not reconfigured')
    const network = { permitBridgeInterfaceOnPodNetwork: false }
    await configured({ network }, async () => {
      expect(await refused('', ...nodeFlags)).toMatch(/forbids bridged VMs/)
    })
  })

  it('there is neither KVM nor emulation', async (context) => {
    if (!standIn) return context.skip('a real KubeVirt is not reconfigured')
    await withoutKvm(async () => {
      expect(await refused('', ...nodeFlags)).toMatch(/no node of the host has KVM/)
    })
  })

  it('no node has the VM image, and no registry gives it', async () => {
    const flags = ['--backend', 'vm', '--vm-image', 'localhost/knest/absent:v1']
    expect(await refused('', ...flags)).toContain('localhost/knest/absent:v1')
  })

  it('masquerade is asked for', async () => {
    const file = `
apiVersion: knest.dev/v1alpha1
kind: NestedCluster
spec:
  hostPatches:
    - patch:
        spec: {template: {spec: {domain: {devices: {interfaces: [{name: pod, masquerade: {}}]}}}}}
`
    expect(await refused(file, ...nodeFlags, '--from', '-')).toMatch(/masquerade[^]*same address/)
  })

  it('a VM has less memory than kubeadm needs', async () => {
    const outcome = await runKnest(home, [
      ...['create', 'e2e-refused', '--context', hostContext],
      ...['--backend', 'vm', '--control-plane-machine-memory-size', '1Gi'],
    ])
    expect(outcome.code, outcome.stderr).toBe(2)
    expect(outcome.stderr).toMatch(/1Gi/)
  })
})
