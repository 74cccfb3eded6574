import type { NodeSpec } from '@knest/core'
import { parseBytes } from '@knest/core'

/**
 * What an idle node needs. Requests are this small so that a host can hold more nodes than would all
 * be busy at once; limits are what the user gave, and what kubelet offers as the node's capacity.
 */
const idle = {
  'control-plane': { cpu: 0.04, memory: 512 * 1024 ** 2 },
  worker: { cpu: 0.01, memory: 192 * 1024 ** 2 },
} as const

export function nodeResources(spec: NodeSpec): Record<string, unknown> {
  const { cpuCores, memorySize } = spec.machine
  const need = idle[spec.role]
  const memory = Math.min(need.memory, parseBytes(memorySize))
  return {
    limits: { cpu: String(cpuCores), memory: memorySize },
    requests: {
      cpu: `${Math.round(Math.min(need.cpu, cpuCores) * 1000)}m`,
      memory: String(memory),
      ...spec.hostPod?.requests,
    },
  }
}
