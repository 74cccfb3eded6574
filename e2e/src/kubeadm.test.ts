import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCluster, isReady, never } from './support/cluster.js'
import type { KubeObject } from 'knest'
import type { TestCluster } from './support/cluster.js'
import { secondsUntil } from './support/until.js'

const name = 'e2e-kubeadm'
const worker = `${name}-worker-0`
const nodeKind = { apiVersion: 'v1', kind: 'Node' }

// knest leaves some of kubeadm's phases out and does others itself; the cluster must be kubeadm's all the same.
describe('kubeadm, used by hand in a cluster of knest', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await createCluster(name)
  })
  afterAll(() => cluster.remove())

  const onNode = (node: string, ...command: readonly string[]): Promise<string> =>
    cluster.knest('ssh', name, node, '--', ...command)

  it('finds no bootstrap token that lets anybody in', async () => {
    const isOver = ({ data }: KubeObject): boolean => {
      const { expiration = '' } = data as { readonly expiration?: string }
      return Date.parse(Buffer.from(expiration, 'base64').toString()) < Date.now()
    }
    const tokens = { namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' }
    const noneIsOpen = async (): Promise<boolean> => {
      const secrets = await cluster.api.list(
        { apiVersion: 'v1', kind: 'Secret' },
        { ...tokens, signal: never },
      )
      return secrets.every(isOver)
    }
    await secondsUntil(noneIsOpen, 20, 'no bootstrap token that is valid')
  })

  it('knows all certificates, and renews them', async () => {
    const table = await onNode('cp-0', 'kubeadm', 'certs', 'check-expiration')
    expect(table).not.toMatch(/MISSING/)
    const serial = (): Promise<string> =>
      onNode('cp-0', 'sha256sum', '/etc/kubernetes/pki/apiserver.crt', '/etc/kubernetes/admin.conf')
    const before = await serial()
    expect(await onNode('cp-0', 'kubeadm', 'certs', 'renew', 'all')).toContain('Done renewing certificates')
    expect(await serial()).not.toBe(before)
  })

  it('plans an upgrade', async () => {
    const next = '1.35.99'
    const command = ['kubeadm', 'upgrade', 'plan', `v${next}`, '--ignore-preflight-errors=all']
    const plan = await onNode('cp-0', ...command)
    expect(plan).toMatch(new RegExp(`kube-apiserver +${name}-cp-0 +v1\\.35\\.4 +v${next}`))
    expect(plan).toMatch(new RegExp(`kubelet +${worker} +v1\\.35\\.4 +v${next}`))
  })

  it('joins a worker by a token', async () => {
    await onNode(worker, 'kubeadm', 'reset', '--force')
    await cluster.api.delete(nodeKind, worker, undefined, { signal: never })
    const join = await onNode('cp-0', 'kubeadm', 'token', 'create', '--print-join-command')
    await onNode(worker, ...join.trim().split(/\s+/), '--ignore-preflight-errors=all')
    const joined = async (): Promise<boolean> => {
      const node = await cluster.api.get(nodeKind, worker, undefined, never)
      return node !== undefined && isReady(node)
    }
    await secondsUntil(joined, 60, 'the worker to be Ready')
    expect(await cluster.knest('list')).toMatch(new RegExp(`${name} .* Ready `))
  })
})
