import { expect, test } from 'vitest'
import type { NodeSpec } from '@knest/core'
import { parseBytes, parseMillicores } from '@knest/core'
import { nodeResources } from './resources.js'

function requestsOf(role: NodeSpec['role']): { readonly cpu: number; readonly memory: number } {
  const machine = { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' }
  const { requests } = nodeResources({ role, machine } as NodeSpec) as {
    requests: { cpu: string; memory: string }
  }
  return { cpu: parseMillicores(requests.cpu), memory: parseBytes(requests.memory) }
}

test('forty idle control planes find room on an embedded host of two cores and 24 GB', () => {
  const { cpu, memory } = requestsOf('control-plane')
  // The host itself: 225m of static pods, 40m of CoreDNS, 50m of flannel, 10m of the controller; 272 + 96 MiB.
  expect(40 * cpu).toBeLessThanOrEqual(2_000 - 325)
  expect(40 * memory + 368 * 2 ** 20).toBeLessThan(24e9)
})

test('a worker gets a fourth of the time of a control plane where both want all of it', () => {
  expect(requestsOf('worker').cpu * 4).toBe(requestsOf('control-plane').cpu)
})
