import { expect, test } from 'vitest'
import { parseNodeState } from './node-state.js'

test.each([
  ['empty\n', { disk: 'empty', version: undefined, upgrading: false }],
  ['bootstrapped\nversion 1.35.4\n', { disk: 'bootstrapped', version: '1.35.4', upgrading: false }],
  ['founder\nversion 1.34.4\nupgrading\n', { disk: 'founder', version: '1.34.4', upgrading: true }],
  [
    'founder\ninitial a-cp-0 a-cp-1\n',
    { disk: 'founder', version: undefined, upgrading: false, initialMembers: ['a-cp-0', 'a-cp-1'] },
  ],
  [
    'bootstrapped\nversion 1.36.1\nmanifests 1.35.4\n',
    { disk: 'bootstrapped', version: '1.36.1', upgrading: true },
  ],
  [
    'bootstrapped\nversion 1.36.1\nmanifests 1.36.1\n',
    { disk: 'bootstrapped', version: '1.36.1', upgrading: false },
  ],
  ['empty\nmember\n', { disk: 'empty', version: undefined, upgrading: false, hasMember: true }],
  ['bootstrapped\nupgrading\n', { disk: 'bootstrapped', version: undefined, upgrading: true }],
  [
    'bootstrapped\nregistries 0a1b\n',
    { disk: 'bootstrapped', version: undefined, upgrading: false, registries: '0a1b' },
  ],
])('%j', (text, state) => {
  expect(parseNodeState(text)).toEqual({ hasMember: false, ...state })
})
