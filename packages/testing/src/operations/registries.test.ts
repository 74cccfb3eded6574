import { expect, test, vi } from 'vitest'
import type { ClusterSpec } from '@knest/core'
import { createdFixture, createFixture, recordingProgress, ref, run, spec, withWorkers } from './fixture.js'

// Whole operations with real TLS: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const mirrored = (url: string, of = spec): ClusterSpec => ({
  ...of,
  registries: [{ host: 'docker.io', mirrors: [url] }],
})
const withLogin: ClusterSpec = {
  ...spec,
  registries: [{ host: 'a.b', credentials: { secretRef: { name: 'login' } } }],
}
const login = { username: 'me', password: 'hunter2' }
const hostsFile = '/hosts/docker.io/hosts.toml'

test('every node has them before Kubernetes starts on it, also one that comes or begins anew', async () => {
  const { clusters, nodes } = createFixture()
  await clusters.create(ref, mirrored('http://one'), run)
  const before = (write: string, start: string): void =>
    expect(nodes.done.filter((each) => each === write || each === start)).toEqual([write, start])
  before('write registries q-cp-0', 'kubeadm init q-cp-0')
  before('write registries q-worker-0', 'join q-worker-0')
  nodes.done.length = 0
  await clusters.apply(ref, mirrored('http://one', withWorkers(2)), run)
  before('write registries q-worker-1', 'join q-worker-1')
  expect(nodes.done).not.toContain('write registries q-worker-0')
  nodes.loseDisk('q-worker-0')
  nodes.done.length = 0
  await clusters.heal(ref, run)
  before('write registries q-worker-0', 'join q-worker-0')
})

test('a change reaches the nodes that are there, and nothing else is done to them', async () => {
  const { clusters, nodes } = await createdFixture(mirrored('http://one'))
  nodes.done.length = 0
  expect(await clusters.apply(ref, mirrored('http://two'), run)).toBe('configured')
  expect([...nodes.done].sort()).toEqual(['write registries q-cp-0', 'write registries q-worker-0'])
  for (const { files } of nodes.nodes.values()) expect(files.get(hostsFile)).toContain('http://two')
  expect(await clusters.apply(ref, mirrored('http://two'), run)).toBe('unchanged')
  nodes.done.length = 0
  await clusters.apply(ref, spec, run)
  expect([...nodes.done].sort()).toEqual(['write registries q-cp-0', 'write registries q-worker-0'])
  expect([...nodes.nodes.values()].map(({ registries }) => registries)).toEqual([undefined, undefined])
})

test('a Secret that is not there is named before anything is made', async () => {
  const { clusters, home, nodes } = createFixture()
  const refusal = {
    problems: [{ message: 'Secret "login" of registry "a.b" is not in namespace "knest-q"' }],
  }
  await expect(clusters.create(ref, withLogin, run)).rejects.toMatchObject(refusal)
  expect(nodes.done).toEqual([])
  const there = await createdFixture()
  await expect(there.clusters.apply(ref, withLogin, run)).rejects.toMatchObject(refusal)
  expect(await home.read(ref, run.signal)).toBeUndefined()
})

test('a Secret that has other content reaches the nodes by heal, and one that is lost takes nothing away', async () => {
  const { clusters, home, nodes } = createFixture()
  home.hostData.set(`Secret/${ref.namespace}/login`, login)
  await clusters.create(ref, withLogin, run)
  const digests = (): readonly unknown[] => [...nodes.nodes.values()].map(({ registries }) => registries)
  const [first] = digests()
  home.hostData.set(`Secret/${ref.namespace}/login`, { ...login, password: 'hunter3' })
  await clusters.heal(ref, run)
  expect(digests()).not.toContain(first)
  const second = digests()
  home.hostData.delete(`Secret/${ref.namespace}/login`)
  const progress = recordingProgress()
  await clusters.heal(ref, { ...run, progress })
  expect(digests()).toEqual(second)
  await clusters.scale(ref, { pools: { worker: 2 } }, { ...run, progress })
  expect(progress.warnings).toEqual([
    expect.stringContaining('node "q-worker-1" does without a part of its registries: Secret "login"'),
  ])
})
