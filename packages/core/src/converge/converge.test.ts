import { expect, test } from 'vitest'
import { makeCondition } from '../contracts/condition.js'
import type { ClusterCondition, ClusterRecord } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import { silentProgress } from '../contracts/progress.js'
import { addonsCondition } from '../observe/observe.js'
import type { Step } from '../plan/step.js'
import { PlanOutdated } from '../steps/plan-outdated.js'
import { runPlan } from './converge.js'
import type { ClusterPlan } from './plan-for.js'

test('a plan that is made again knows that the cluster begins anew', async () => {
  const conditions = [makeCondition(addonsCondition, 'True', 'Installed', 'they were installed')]
  const record = {
    name: 'q',
    namespace: 'knest-q',
    phase: 'Creating',
    conditions,
  } as unknown as ClusterRecord
  const written: (readonly ClusterCondition[])[] = []
  const home = {
    setStatus: (_record: ClusterRecord, status: { readonly conditions: readonly ClusterCondition[] }) => {
      written.push(status.conditions)
      return Promise.resolve()
    },
    // What the first step finds is not what was planned for.
    ensureAddresses: () => Promise.reject(new PlanOutdated('node "q-cp-0" is another', 'q-cp-0')),
  }
  const steps: readonly Step[] = [
    { kind: 'ensure-addresses', id: 'addresses', title: 'addresses', needs: [], controlPlanes: [] },
    { kind: 'install-addons', id: 'addons', title: 'network', needs: ['addresses'] },
  ]
  const planOf = (made: readonly Step[]): ClusterPlan => ({ steps: made, nodes: [], desired: [], silent: [] })
  const known: unknown[] = []
  const run = { signal: new AbortController().signal, timeoutMs: 1_000, progress: silentProgress }
  await runPlan(
    { home } as unknown as Parts,
    record,
    { ...run, onlyIfFree: true },
    planOf(steps),
    (_, now) => {
      known.push(now.conditions)
      return Promise.resolve(planOf([]))
    },
  )
  expect(written).toMatchObject([[{ type: addonsCondition, status: 'False' }]])
  expect(known).toEqual(written)
})
