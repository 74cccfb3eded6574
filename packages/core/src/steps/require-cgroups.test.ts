import { expect, test } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { NodeBackend, NodeHandle } from '../contracts/node-backend.js'
import type { StepContext } from './context.js'
import { requireCgroups } from './require-cgroups.js'

const { signal } = new AbortController()

function manifest(data: Readonly<Record<string, string>>): readonly KubeObject[] {
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cilium-config' }, data }]
}

/** A cluster of these nodes: what `stat` says of the cgroups of each; undefined for a VM. */
function clusterOf(nodes: Readonly<Record<string, string | undefined>>) {
  const asked: string[] = []
  const execText = (name: string) => () => {
    asked.push(name)
    return Promise.resolve({ exitCode: 0, stdout: `${nodes[name] ?? ''}\n`, stderr: '' })
  }
  const context = {
    record: { name: 'q', namespace: 'team' } as StepContext['record'],
    nodeNames: Object.keys(nodes),
    backendOf: (name: string) =>
      Promise.resolve({ features: { ownKernel: nodes[name] === undefined } } as NodeBackend),
    openNode: (name: string) => Promise.resolve({ name, execText: execText(name) } as unknown as NodeHandle),
  }
  return { context, asked }
}

const replaces = { 'kube-proxy-replacement': 'true' }
const keeps = { 'kube-proxy-replacement': 'false', 'bpf-lb-sock': 'false' }

test.each([
  ['replaces kube-proxy', replaces, 'kube-proxy-replacement: "true"'],
  ['did so by its former name', { 'kube-proxy-replacement': 'strict' }, 'kube-proxy-replacement: "strict"'],
  ['balances in sockets', { ...keeps, 'bpf-lb-sock': 'true' }, 'bpf-lb-sock: "true"'],
])('a Cilium that %s is refused on cgroup v1, with the reason', async (_, data, setting) => {
  const { context } = clusterOf({ 'q-cp-0': 'tmpfs' })
  await expect(requireCgroups(context, manifest(data), signal)).rejects.toMatchObject({
    code: 'prerequisite',
    message: `Cilium with ${setting} needs cgroups of version 2, and the host machine of node "q-cp-0" has those of version 1`,
    hint: expect.stringContaining('--set kubeProxyReplacement=false') as string,
  })
})

test.each([
  ['leaves kube-proxy its work', manifest(keeps), { 'q-cp-0': 'tmpfs' }, []],
  ['is another network', [], { 'q-cp-0': 'tmpfs' }, []],
  ['has cgroup v2', manifest(replaces), { 'q-cp-0': 'cgroup2fs' }, ['q-cp-0']],
  ['has kernels of its own', manifest(replaces), { 'q-cp-0': undefined }, []],
])('a network that %s is not', async (_, objects, nodes, expected) => {
  const { context, asked } = clusterOf(nodes)
  await requireCgroups(context, objects, signal)
  expect(asked).toEqual(expected)
})

test('pods beside VMs are asked, too', async () => {
  const { context } = clusterOf({ 'q-cp-0': undefined, 'q-worker-0': 'tmpfs' })
  await expect(requireCgroups(context, manifest(replaces), signal)).rejects.toThrow('"q-worker-0"')
})
