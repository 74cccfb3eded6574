import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-kubevirt-')))
})

describe('host install kubevirt', () => {
  test('installs from a folder, with a version and emulation', async () => {
    const flags = ['--manifests', '/m/{version}', '--version', 'v1.8.4', '--emulation']
    expect(await terminal.run('host', 'install', 'kubevirt', ...flags)).toBe(0)
    expect(terminal.kubeVirt.installs).toEqual([
      { manifests: '/m/{version}', version: 'v1.8.4', emulation: true },
    ])
    expect(terminal.out).toBe('KubeVirt is installed on context "fake"\n')
  })

  test.each([undefined, ''])('takes the release from KubeVirt when %j is said', async (place) => {
    terminal.env.KNEST_KUBEVIRT_MANIFESTS = place
    expect(await terminal.run('host', 'install', 'kubevirt')).toBe(0)
    expect(terminal.kubeVirt.installs).toMatchObject([
      { manifests: expect.stringMatching(/github\.com\/kubevirt\/.*{version}/) as string, version: 'v1.8.4' },
    ])
  })

  test('takes the place from the environment', async () => {
    terminal.env.KNEST_KUBEVIRT_MANIFESTS = '/m'
    expect(await terminal.run('host', 'install', 'kubevirt')).toBe(0)
    expect(terminal.kubeVirt.installs).toEqual([{ manifests: '/m', version: 'v1.8.4', emulation: false }])
  })
})

describe('create with VM nodes on a host without KubeVirt', () => {
  beforeEach(() => {
    terminal.kubeVirt.there = false
    terminal.env.KNEST_KUBEVIRT_MANIFESTS = '/m'
  })

  test('asks, and installs it', async () => {
    terminal.answer = true
    expect(await terminal.run('create', 'big', '--worker-backend', 'vm')).toBe(0)
    expect(terminal.questions).toEqual([
      'VM nodes need KubeVirt, and context "fake" has none. Install it from /m?',
    ])
    expect(terminal.kubeVirt.installs).toHaveLength(1)
  })

  test('does not ask with --yes', async () => {
    expect(await terminal.run('create', 'big', '--backend', 'vm', '--yes')).toBe(0)
    expect(terminal.questions).toEqual([])
    expect(terminal.kubeVirt.installs).toHaveLength(1)
  })

  test.each([false, undefined])('leaves it to preflight when the answer is %s', async (answer) => {
    terminal.answer = answer
    await terminal.run('create', 'big', '--backend', 'vm')
    expect(terminal.kubeVirt.installs).toEqual([])
  })

  test('asks nothing when there is KubeVirt, no VM, or nothing to be done', async () => {
    await terminal.run('create', 'pods')
    await terminal.run('create', 'plan', '--backend', 'vm', '--dry-run')
    terminal.kubeVirt.there = true
    await terminal.run('create', 'there', '--backend', 'vm')
    expect(terminal.questions).toEqual([])
  })
})

test('the flags of mixed clusters reach the wish', async () => {
  await terminal.run(
    'create',
    'big',
    '--backend',
    'vm',
    '--control-plane-backend',
    'pod',
    '--vm-image',
    'r.example/vm:1',
  )
  expect(terminal.clusters.lastSpec).toMatchObject({
    controlPlane: { backend: 'pod' },
    workers: [{ backend: 'vm' }],
    vmImage: 'r.example/vm:1',
  })
  await terminal.run('create', 'pods')
  expect(terminal.clusters.lastSpec).not.toHaveProperty('vmImage')
})
