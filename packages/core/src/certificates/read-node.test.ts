import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CertificateAuthorities } from '../contracts/cluster-home.js'
import { adminCertificate, createAuthorities, kubeletClientCertificate } from '../pki/index.js'
import { readExpiry } from './expiry.js'
import { renewalFiles, renewalScript, restartScript } from '../steps/renewal-scripts.js'
import { parseNodeCertificates } from './read-node.js'

const now = new Date('2026-11-21T08:00:00Z')
const worker = { name: 'q-worker-0', role: 'worker' } as const
let authorities: CertificateAuthorities

beforeAll(async () => {
  authorities = await createAuthorities(now)
})

describe('parseNodeCertificates', () => {
  test('names, ends and authorities, in a fixed order', async () => {
    const client = await kubeletClientCertificate(authorities.ca, 'q-cp-0', { now, validityDays: 10 })
    const admin = await adminCertificate(authorities.ca, { now })
    const text = `= admin.conf\n${admin.cert}= kubelet-client\n${client.cert}= etcd-peer\n${admin.cert}`
    const read = parseNodeCertificates({ name: 'q-cp-0', role: 'control-plane' }, text, now)
    expect(read).toEqual({
      certificates: [
        {
          node: 'q-cp-0',
          name: 'etcd-peer',
          expires: '2027-11-21T08:00:00Z',
          daysLeft: 365,
          ca: 'etcd-ca',
          renewedBy: 'knest',
        },
        {
          node: 'q-cp-0',
          name: 'admin.conf',
          expires: '2027-11-21T08:00:00Z',
          daysLeft: 365,
          ca: 'ca',
          renewedBy: 'knest',
        },
        {
          node: 'q-cp-0',
          name: 'kubelet-client',
          expires: '2026-12-01T08:00:00Z',
          daysLeft: 10,
          ca: 'ca',
          renewedBy: 'kubelet',
        },
      ],
      unfinished: false,
      problems: [],
    })
  })

  test('nothing there, a broken file, a renewal that was broken off', () => {
    expect(parseNodeCertificates(worker, '', now).certificates).toEqual([])
    const read = parseNodeCertificates(worker, '= unfinished\n= kubelet-client\nrubbish\n', now)
    expect(read).toEqual({
      certificates: [],
      unfinished: true,
      problems: ['certificate "kubelet-client" of node "q-worker-0" cannot be read'],
    })
  })

  test('an expired one counts below zero', () => {
    const later = new Date('2037-01-01T00:00:00Z')
    expect(readExpiry(authorities.ca.cert, later)?.daysLeft).toBeLessThan(0)
  })
})

const bash = ['/bin/bash', '/usr/bin/bash'].find(existsSync)

describe.skipIf(bash === undefined)('the scripts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'knest-certificates-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const spec = { kubernetesVersion: '1.35.4' } as Parameters<typeof renewalFiles>[0]['spec']

  test.each([
    ['restart', restartScript('q-cp-0')],
    ['control plane', renewalScript({ spec, controlPlane: true, kubeletClient: 'pem' })],
    ['worker', renewalScript({ spec, controlPlane: false, kubeletClient: 'pem' })],
  ])('%s: bash can read it', (_name, script) => {
    const { status, stderr } = spawnSync(bash ?? '', ['-n', '-c', script], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  test('a worker is done at once, a control plane only after its restart', () => {
    const done = 'rm -f /var/lib/knest/certificates-unfinished'
    expect(renewalScript({ spec, controlPlane: false, kubeletClient: 'pem' })).toContain(done)
    expect(renewalScript({ spec, controlPlane: true, kubeletClient: 'pem' })).not.toContain(done)
    expect(restartScript('q-cp-0').trimEnd().endsWith(`${done}\nsync /var/lib/knest`)).toBe(true)
  })

  test('kubeadm is told a version, so that it asks nobody', () => {
    const [config] = renewalFiles({ spec, controlPlane: true, kubeletClient: undefined })
    expect(config?.content).toContain('kubernetesVersion: v1.35.4')
  })
})
