import { expect, it } from 'vitest'
import type { NodeHandle } from '../contracts/node-backend.js'
import { createAuthorities } from '../pki/index.js'
import { fakeRecord } from '../status/fake-parts.js'
import type { StepContext } from './context.js'
import { startMember } from './start-member.js'

const { signal } = new AbortController()

// An etcd that finds no data, or other ones, would begin a cluster of its own under the name of this one.
it('etcd is started again on its data, never on others, and nothing but etcd', async () => {
  const seen: { readonly script: string; readonly files: string }[] = []
  const node = {
    name: 'c-cp-1',
    role: 'control-plane',
    execText: (argv, { stdin }) => {
      seen.push({ script: argv.at(-1) ?? '', files: stdin?.toString() ?? '' })
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
    },
  } as NodeHandle
  const context = {
    record: fakeRecord({}),
    authorities: await createAuthorities(new Date()),
    addresses: {
      controlPlaneEndpoint: 'c-api.knest-c.svc:6443',
      identities: new Map([['c-cp-1', '10.96.0.9']]),
      certificateNames: [],
      peerNames: [],
      hosts: [],
    },
    backendOf: () => Promise.resolve({ features: { cgroupDriver: 'systemd' } }),
    timeoutFactor: () => Promise.resolve(1),
  } as unknown as StepContext
  await startMember(context, node, signal)
  const [{ script, files } = { script: '', files: '' }] = seen
  const order = ['member/wal/*.wal', '/dev/tcp/127.0.0.1/2379', 'kubeadm reset', 'kubeadm init'] as const
  expect(order.map((text) => script.indexOf(text))).toEqual(
    order.map((text) => script.indexOf(text)).sort((a, b) => a - b),
  )
  expect(script).not.toContain('rm -rf /var/lib/etcd')
  expect(script).toMatch(/--skip-phases=\S*\bcontrol-plane\b/)
  expect(files).toMatch(/name: initial-cluster-state\n\s*value: existing/)
  expect(files).toMatch(/name: register-node\n\s*value: "false"/)
})
