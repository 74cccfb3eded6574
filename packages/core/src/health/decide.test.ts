import { describe, expect, it } from 'vitest'
import type { NodeHealth, NodeVerdict } from './assess.js'
import { decide } from './decide.js'
import type { KnownMembers } from './decide.js'

/** `c` is a control plane, `w` a worker; upper case: dead, `x` and `y`: the host does not run them. */
function nodes(text: string): readonly NodeVerdict[] {
  return Array.from(text).map((letter, index) => {
    const role = /[cCx]/.test(letter) ? 'control-plane' : 'worker'
    const health: NodeHealth = /[CW]/.test(letter) ? 'dead' : /[xy]/.test(letter) ? 'host' : 'healthy'
    return { name: `${letter.toLowerCase()}${index}`, role, health, reason: '' }
  })
}

/** Members that answer, but for those in brackets: `c0 c1 (c2)`. */
function etcd(text: string): KnownMembers {
  const members = text.split(' ').map((word, index) => ({
    id: String(index),
    name: word.replace(/[()]/g, ''),
    peerUrl: `https://10.0.0.${index}:2380`,
    learner: false,
    healthy: !word.startsWith('('),
    leader: false,
    dbSizeBytes: undefined,
  }))
  return { members, problem: undefined }
}

const limits = { maxUnhealthyPercent: 40, persistent: false, etcd: etcd('c0 c1 c2 c3 c4') }

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

  it('does not count nodes that only wait for a network', () => {
    const waiting = nodes('cwwwW').map((one) =>
      one.health === 'healthy' && one.role === 'worker' ? { ...one, health: 'no-network' as const } : one,
    )
    expect(decide(waiting, { ...limits, maxUnhealthyPercent: 20 }).replace).toEqual(['w4'])
  })

  it('takes no control plane of which etcd was not asked, or could not be', () => {
    const asked = (etcd: KnownMembers | undefined): unknown => decide(nodes('Ccc'), { ...limits, etcd }).held
    expect(asked(undefined)).toEqual([{ node: 'c0', reason: 'etcd was not asked whether it can be spared' }])
    expect(asked({ members: [], problem: 'refused' })).toEqual([
      { node: 'c0', reason: 'etcd cannot be asked whether it can be spared: refused' },
    ])
  })

  it('never takes away the only control plane with its disk', () => {
    expect(decide(nodes('Cww'), limits)).toEqual({
      replace: [],
      held: [{ node: 'c0', reason: 'it is the only control plane, and its disk would go with it' }],
    })
    const lasting = { ...limits, persistent: true }
    expect(decide(nodes('Cww'), lasting).replace).toEqual(['c0'])
    expect(decide(nodes('Cww'), { ...lasting, diskGoing: new Set(['w1']) }).replace).toEqual(['c0'])
    expect(decide(nodes('Cww'), { ...lasting, diskGoing: new Set(['c0']) })).toEqual(
      decide(nodes('Cww'), limits),
    )
  })

  it.each([
    ['whose member is dead as well', 'Cccww', etcd('(c0) c1 c2'), 'c0'],
    ['whose member lives, since the others answer', 'Cccww', etcd('c0 c1 c2'), 'c0'],
    ['that is no member any more', 'Cccww', etcd('c1 c2'), 'c0'],
    ['first whose member is dead', 'CCcccww', etcd('c0 (c1) c2 c3 (c4)'), 'c1'],
  ])('replaces a control plane %s', (_title, text, members, replaced) => {
    const { replace } = decide(nodes(text), { ...limits, etcd: members, maxUnhealthyPercent: 100 })
    expect(replace).toEqual([replaced])
  })

  it.each([
    ['of three, while the etcd of a node that looks well does not answer', 'Cccww', etcd('c0 (c1) c2')],
    ['of five, while two others do not answer', 'Cccccww', etcd('c0 (c1) (c2) c3 c4')],
    ['while a member that nobody is any more has a vote', 'Cccww', etcd('c0 (c1) c2 (gone)')],
  ])('keeps a control plane %s', (_title, text, members) => {
    const { replace, held } = decide(nodes(text), { ...limits, etcd: members, persistent: true })
    expect(replace).toEqual([])
    expect(held).toEqual([
      { node: 'c0', reason: expect.stringMatching(/^without its etcd member \d of/) as string },
    ])
  })

  it('keeps a control plane when etcd cannot be asked, and says why', () => {
    const silent = { members: [], problem: 'no answer' }
    const { replace, held } = decide(nodes('CccwwWw'), { ...limits, etcd: silent })
    expect(replace).toEqual(['w5'])
    expect(held[0]?.reason).toBe('etcd cannot be asked whether it can be spared: no answer')
  })
})
