import { expect, it, vi } from 'vitest'
import type { Knest } from './knest.js'
import { measureRound } from './round.js'
import type { Scenario } from './scenarios/scenario.js'

const floor = { nodeReady: 1, dnsAvailable: 2, cpuSeconds: 3 }
const bench = { cluster: 'bench', image: 'image', knest: {} as Knest }

it('goes on after a scenario that fails, and names what is missing', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const fails: Scenario = {
    figures: ['create-1+1', 'delete'],
    run: () => Promise.reject(new Error('ended with 1')),
  }
  const works: Scenario = { figures: ['cli-start'], run: () => Promise.resolve({ 'cli-start': 0.2 }) }
  expect(await measureRound([fails, works], { plain: floor, tuned: floor }, bench)).toEqual({
    figures: { 'floor-cpu-seconds': 3, 'tuned-floor-cpu-seconds': 3, 'cli-start': 0.2 },
    failed: ['create-1+1', 'delete'],
  })
  vi.restoreAllMocks()
})
