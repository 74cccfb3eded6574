import { expect, test } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'
import { foreignObjects } from './own-objects.js'

const ref = { name: 'q', namespace: 'team' }
const made = { [labels.cluster]: 'q', [labels.managedBy]: 'knest' }

test.each([
  ['nothing', [], []],
  ['what knest made', [['Service', 'q-api', made]], []],
  ['a standalone cluster', [['StatefulSet', 'q-cp-0', { [labels.cluster]: 'q' }]], ['StatefulSet "q-cp-0"']],
  ['what somebody made', [['Secret', 'q-kubeconfig', undefined]], ['Secret "q-kubeconfig"']],
  [
    'what knest made for another',
    [['Service', 'q-api', { ...made, [labels.cluster]: 'p' }]],
    ['Service "q-api"'],
  ],
  // Keys of one's own are taken as they are.
  ['authorities of one’s own', [['Secret', 'q-pki', undefined]], []],
] as const)('before a cluster is created: %s', async (_, there, expected) => {
  const get = (kind: { kind: string; apiVersion: string }, name: string): Promise<KubeObject | undefined> => {
    const found = there.find((each) => each[0] === kind.kind && each[1] === name)
    return Promise.resolve(
      found === undefined
        ? undefined
        : ({ ...kind, metadata: { name, labels: found[2] } } as Partial<KubeObject> as KubeObject),
    )
  }
  expect(await foreignObjects({ get }, ref, new AbortController().signal)).toEqual(expected)
})
