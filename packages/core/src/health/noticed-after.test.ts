import { expect, it } from 'vitest'
import { noticedAfterMs } from './noticed-after.js'

const grace = (value: string) => ({ name: 'node-monitor-grace-period', value })

it.each([
  ['nothing', [], 40_000],
  ['something else', [{ name: 'node-eviction-rate', value: '1' }], 40_000],
  ['a short one', [grace('16s')], 16_000],
  ['a long one', [grace('2m')], 120_000],
  ['two of them', [grace('16s'), grace('20s')], 20_000],
])('by %s of kube-controller-manager', (_name, extraArgs, expected) => {
  expect(noticedAfterMs({ kubernetes: { controllerManager: { extraArgs } } })).toBe(expected)
})

it('without settings', () => {
  expect(noticedAfterMs({})).toBe(40_000)
})
