import { describe, expect, it } from 'vitest'
import { parseNodeLook } from './look-at-node.js'

const node = { name: 'a-worker-0', role: 'worker' as const }
const now = new Date('2026-01-01T00:00:00Z')

describe('parseNodeLook', () => {
  it('reads the disk and what cannot be read of the certificates', () => {
    const look = parseNodeLook(node, '= disk\nbootstrapped\n= unfinished\n= kubelet-client\nno PEM\n', now)
    expect(look.disk).toBe('bootstrapped')
    expect(look.certificates).toEqual({
      certificates: [],
      unfinished: true,
      problems: ['certificate "kubelet-client" of node "a-worker-0" cannot be read'],
    })
  })

  it('reads what the node runs, and that an upgrade of it has begun', () => {
    const said = '= disk\nbootstrapped\nversion 1.34.4\nupgrading\n= unfinished\n'
    expect(parseNodeLook(node, said, now)).toMatchObject({ version: '1.34.4', upgrading: true })
  })

  it('leaves the certificates of a node out that is not part of the cluster', () => {
    const look = parseNodeLook(node, '= disk\nfounder\n= unfinished\n= kubelet-client\nno PEM\n', now)
    expect(look).toEqual({
      disk: 'founder',
      hasMember: false,
      version: undefined,
      upgrading: false,
      certificates: { certificates: [], unfinished: false, problems: [] },
    })
  })

  it('does not take silence for an empty disk', () => {
    expect(() => parseNodeLook(node, '', now)).toThrow('a-worker-0')
  })
})
