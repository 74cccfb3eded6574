import { expect, test } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { imageProblems } from './check-images.js'

const wanted = 'localhost/knest/node:v1.37.2'
const having = (...names: readonly string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'a' },
  status: { images: names.map((name) => ({ names: [name] })) },
})
const loaded = (names: string): KubeObject => ({
  ...having(),
  metadata: { name: 'b', annotations: { 'knest.dev/images': names } },
})

test.each<[string, string, readonly KubeObject[], readonly string[]]>([
  ['of a registry', 'registry.example/node:v1', [having()], []],
  ['that a node has', wanted, [having(), having(wanted)], []],
  ['that was loaded just now', wanted, [loaded(`x,${wanted}`)], []],
  ['on a host without nodes', wanted, [], []],
  [
    'that may be among those which are not listed',
    wanted,
    [having(...Array.from({ length: 50 }, (_, index) => `i${index}`))],
    [],
  ],
  [
    'that nobody has',
    wanted,
    [having('localhost/knest/vm:v1.37.2')],
    [`no node of the host has the image "${wanted}"`],
  ],
  [
    'of which there are other versions',
    wanted,
    [
      having('localhost/knest/node:v1.36.4'),
      loaded('localhost/knest/node:v1.36.4,localhost/knest/node:v1.35.4'),
    ],
    [`no node of the host has the image "${wanted}"; of that name there is v1.35.4, v1.36.4`],
  ],
])('an image %s', async (_what, image, nodes, messages) => {
  const api = { list: () => Promise.resolve(nodes) } as unknown as KubeApi
  const found = await imageProblems(api, image, '--image', AbortSignal.timeout(1_000))
  expect(found.map(({ message }) => message)).toEqual(messages)
})
