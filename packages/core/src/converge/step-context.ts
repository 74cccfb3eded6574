import { openAddressAdapter } from '../addresses/node-addresses.js'
import type { AddressAdapter } from '../contracts/address-adapter.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode, NodeBackend } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import type { RunOptions } from '../contracts/run-options.js'
import { goingOn } from '../kube/index.js'
import { openNestedApi } from '../nested-api/open.js'
import { timeoutFactorOf } from '../observe/backends.js'
import type { StepContext } from '../steps/context.js'
import type { ClusterPlan } from './plan-for.js'

const lookAgainMs = 30_000

/** What the steps of one run on these nodes share. `desired`: the nodes the cluster shall have, none when it goes. */
export function stepContext(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  { steps, desired }: Pick<ClusterPlan, 'steps' | 'desired'> = { steps: [], desired: [] },
  { onlyIfFree, progress }: Partial<Pick<RunOptions, 'onlyIfFree' | 'progress'>> = {},
): StepContext {
  const { home, backend } = parts
  let adapter: Promise<AddressAdapter | undefined> | undefined
  const made = steps.flatMap((step) => (step.kind === 'ensure-node' ? [step.node] : []))
  const backendOf = async (name: string): Promise<NodeBackend> => {
    const existing = nodes.find((node) => node.name === name)?.backend
    const desiredBackend = [...desired, ...made].find((node) => node.name === name)?.backend
    if (existing !== undefined) return existing
    if (desiredBackend !== undefined) return backend(desiredBackend)
    throw new KnestError('not-found', `cluster "${record.name}" has no node "${name}"`)
  }
  return {
    record,
    nodes,
    home,
    backend,
    backendOf,
    controlPlanes: desired.filter(({ role }) => role === 'control-plane').map(({ name }) => name),
    existingControlPlanes: nodes.filter(({ role }) => role === 'control-plane').map(({ name }) => name),
    openNestedApi: async (access) =>
      goingOn(await (parts.openNestedApi ?? openNestedApi)(access), {
        // The controller looks again, and may find then what is the matter.
        limitMs: onlyIfFree === true ? lookAgainMs : undefined,
        onTrouble: (error) => progress?.note(`${error.message}; trying again`),
      }),
    timeoutFactor: () => timeoutFactorOf(parts, record),
    openNode: async (name, signal) => (await backendOf(name)).openNode(record, name, signal),
    nodeNames: desired.map(({ name }) => name),
    addressAdapter: () => (adapter ??= openAddressAdapter(parts, record, record.spec)),
    reservations: new Map(),
    addresses: undefined,
    authorities: undefined,
    api: undefined,
  }
}
