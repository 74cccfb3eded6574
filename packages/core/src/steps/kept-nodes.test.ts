import { expect, test } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { keptNodes } from './kept-nodes.js'
import { PlanOutdated } from './plan-outdated.js'

const node = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })

test.each([
  ['a node that had a Node object has none', ['a'], [['b']], 'node "a" has no Node object'],
  ['one that was seen is gone', [], [['a'], ['b']], 'node "a" has no Node object'],
  ['one that registers is not there yet', [], [['b'], ['b'], ['a', 'b']], undefined],
  [
    'all are there',
    ['a', 'b'],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    undefined,
  ],
  ['another one is gone', ['a', 'other'], [['a', 'other'], ['a']], undefined],
])('%s', (_what, registered, seen, expected) => {
  const look = keptNodes(['a', 'b'], registered)
  const all = (): void => {
    for (const names of seen) look(names.map(node))
  }
  if (expected === undefined) expect(all).not.toThrow()
  else {
    expect(all).toThrow(PlanOutdated)
    expect(all).toThrow(expected)
  }
})
