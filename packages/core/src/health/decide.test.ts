import { describe, expect, it } from 'vitest'
import type { NodeHealth, NodeVerdict } from './assess.js'
import { decide } from './decide.js'

/** `c` is a control plane, `w` a worker; upper case: dead, `x` and `y`: the host does not run them. */
function nodes(text: string): readonly NodeVerdict[] {
  return Array.from(text).map((letter, index) => {
    const role = /[cCx]/.test(letter) ? 'control-plane' : 'worker'
    const health: NodeHealth = /[CW]/.test(letter) ? 'dead' : /[xy]/.test(letter) ? 'host' : 'healthy'
    return { name: `${letter.toLowerCase()}${index}`, role, health, reason: '' }
  })
}

const limits = { maxUnhealthyPercent: 40, persistent: false }

describe('decide', () => {
  it('replaces dead workers at once', () => {
    expect(decide(nodes('cccwwWWw'), limits).replace).toEqual(['w5', 'w6'])
  })

  it('replaces one control plane at a time', () => {
    const decision = decide(nodes('CCcccww'), limits)
    expect(decision.replace).toEqual(['c0'])
    expect(decision.held).toEqual([{ node: 'c1', reason: 'control planes are replaced one at a time' }])
  })

  it('replaces none while the others have no quorum', () => {
    const decision = decide(nodes('Cxcwwwwww'), limits)
    expect(decision.replace).toEqual([])
    expect(decision.held[0]?.reason).toMatch(/only 1 of 3 control planes are healthy, and 2 must be/)
  })

  it('replaces none while more are unhealthy than allowed, but one always', () => {
    expect(decide(nodes('cWWwy'), limits).replace).toEqual([])
    expect(decide(nodes('cWWwy'), limits).held[0]?.reason).toMatch(/3 of 5 nodes are unhealthy/)
    expect(decide(nodes('cW'), limits).replace).toEqual(['w1'])
  })

  it('never takes away the only control plane with its disk', () => {
    expect(decide(nodes('Cww'), limits)).toEqual({
      replace: [],
      held: [{ node: 'c0', reason: 'it is the only control plane, and its disk would go with it' }],
    })
    expect(decide(nodes('Cww'), { ...limits, persistent: true }).replace).toEqual(['c0'])
  })
})
