import { expect, test } from 'vitest'
import { withChange } from './with-change.js'

const flag = (name: string, value: string): object => ({ name, value })
const [v4, v5, hand] = [flag('v', '4'), flag('v', '5'), flag('profiling', 'false')]

test.each<[string, unknown, unknown, unknown, unknown]>([
  ['nothing changes', { a: 1, byHand: 2 }, { a: 3 }, { a: 3 }, { a: 1, byHand: 2 }],
  ['a field comes', { byHand: 2 }, {}, { a: 1 }, { byHand: 2, a: 1 }],
  ['a field comes where nothing is', undefined, undefined, { a: { b: 1 } }, { a: { b: 1 } }],
  ['a field goes', { a: 1, byHand: 2 }, { a: 1 }, {}, { byHand: 2 }],
  ['a group goes', { a: { b: 1 }, byHand: 2 }, { a: { b: 1 } }, {}, { byHand: 2 }],
  ['a field below one goes', { a: { b: 1, byHand: 2 } }, { a: { b: 1 } }, {}, { a: { byHand: 2 } }],
  ['a field is another', { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
  ['kubeadm wrote null', { a: null }, {}, { a: { b: 1 } }, { a: { b: 1 } }],
  ['a flag comes', [hand], undefined, [v4], [hand, v4]],
  ['a flag goes', [v4, hand], [v4], undefined, [hand]],
  ['a flag is another', [v4, hand], [v4], [v5], [hand, v5]],
  ['a flag was changed by hand, and stays', [v5], [v4], [v4], [v5]],
  ['a flag that is there twice', [v4, hand], [v4], [v4, v5], [hand, v4, v5]],
  [
    'names of a certificate',
    { certSANs: ['a', 'hand', 'b'] },
    { certSANs: ['a', 'b'] },
    { certSANs: ['b', 'c'] },
    { certSANs: ['hand', 'b', 'c'] },
  ],
  ['another list', { pods: ['a', 'hand'] }, { pods: ['a'] }, { pods: ['b'] }, { pods: ['b'] }],
])('%s', (_title, kept, from, to, after) => {
  expect(withChange(kept, from, to)).toEqual(after)
  // A run that was cut off does it again.
  expect(withChange(after, from, to)).toEqual(after)
})
