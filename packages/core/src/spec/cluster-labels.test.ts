import { expect, test } from 'vitest'
import { clusterLabels } from './cluster-labels.js'

test('flags stand above the file, and what knest wrote into it is left out', () => {
  const file = { team: 'a', tier: '1', 'knest.dev/cluster': 'x', 'app.kubernetes.io/managed-by': 'knest' }
  expect(clusterLabels(file, ['team=b', 'example.com/job=', 'url=1'])).toEqual({
    team: 'b',
    tier: '1',
    'example.com/job': '',
    url: '1',
  })
})

test.each([
  [{}, 'team', 'label "team" has no value'],
  [{}, '=web', 'label key "" has an empty part'],
  [{}, 'a/b/c=1', 'label key "a/b/c" has more than one "/"'],
  [{}, 'team=a b', 'value "a b" of label "team" may hold'],
  [{}, 'team=a=b', 'value "a=b" of label "team" may hold'],
  [{}, 'knest.dev/cluster=y', 'is one that knest writes itself'],
  [{}, 'app.kubernetes.io/managed-by=me', 'is one that knest writes itself'],
  [{ 'te am': 'x' }, 'a=b', 'label key "te am" may hold'],
])('%j and %s are refused', (file, pair, message) => {
  expect(() => clusterLabels(file, [pair])).toThrow(message)
})
