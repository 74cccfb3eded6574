import { expect, it } from 'vitest'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { StepContext } from './context.js'
import { resetControlPlane } from './control-plane-members.js'

const { signal } = new AbortController()

// kubeadm empties it in the phase that asks the member to leave, which is skipped: etcd would go on as who it was.
it("a control plane is reset with etcd's data", async () => {
  const scripts: string[] = []
  const node: NodeHandle = {
    name: 'c-cp-1',
    role: 'control-plane',
    exec: () => Promise.reject(new Error('not here')),
    execText: (argv) => {
      scripts.push(argv.join(' '))
      return Promise.resolve({ exitCode: 0, stdout: 'founder\n', stderr: '' })
    },
    dial: () => Promise.reject(new Error('not here')),
  }
  await resetControlPlane({} as StepContext, node, { removed: false }, signal)
  expect(scripts.at(-1)).toMatch(/kubeadm reset [^]*\n {2}rm -rf \/var\/lib\/etcd\/member\nfi\n/)
})
