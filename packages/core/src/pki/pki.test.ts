import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CertificateAuthorities, KeyPair } from '../contracts/cluster-home.js'
import {
  adminCertificate,
  caCertHash,
  certificateExpiry,
  createAuthorities,
  issueCertificate,
  kubeletClientCertificate,
} from './index.js'

const now = new Date('2026-11-21T08:00:00Z')
let authorities: CertificateAuthorities
let admin: KeyPair
let server: KeyPair

beforeAll(async () => {
  authorities = await createAuthorities(now)
  admin = await adminCertificate(authorities.ca, { now })
  server = await issueCertificate(authorities.ca, {
    commonName: 'kube-apiserver',
    organizations: ['one', 'two & "three", four'],
    dnsNames: ['quickstart.knest-quickstart.svc', 'localhost'],
    ipAddresses: ['10.201.0.1', '127.0.0.1'],
    usages: ['server', 'client'],
    validityDays: 30,
    now,
  })
})

describe('createAuthorities', () => {
  test.each([
    ['ca', 'kubernetes'],
    ['frontProxyCa', 'front-proxy-ca'],
    ['etcdCa', 'etcd-ca'],
  ] as const)('%s is an authority with common name %s for ten years', (which, commonName) => {
    const pair = authorities[which]
    const certificate = new X509Certificate(pair.cert)
    expect(certificate.subject).toBe(`CN=${commonName}`)
    expect(certificate.issuer).toBe(certificate.subject)
    expect(certificate.ca).toBe(true)
    expect(certificate.subjectAltName).toBe(`DNS:${commonName}`)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(pair.key))).toBe(true)
    expect(new Date(certificate.validFrom).toISOString()).toBe('2026-11-21T07:55:00.000Z')
    expect(certificateExpiry(pair.cert).toISOString()).toBe('2036-11-18T08:00:00.000Z')
  })

  test('the service account pair signs and verifies', () => {
    const data = Buffer.from('a token')
    const signature = sign('sha256', data, authorities.serviceAccount.key)
    expect(verify('sha256', data, createPublicKey(authorities.serviceAccount.cert), signature)).toBe(true)
  })

  test('no two serial numbers are equal, and all are positive', () => {
    const serials = [authorities.ca, authorities.etcdCa, admin, server].map(
      (pair) => new X509Certificate(pair.cert).serialNumber,
    )
    expect(new Set(serials).size).toBe(serials.length)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })
})

describe('issueCertificate', () => {
  test('holds names, groups and purposes', () => {
    const certificate = new X509Certificate(server.cert)
    expect(certificate.subject.replaceAll('\\', '').split('\n')).toEqual([
      'O=one',
      'O=two & "three", four',
      'CN=kube-apiserver',
    ])
    expect(certificate.checkHost('quickstart.knest-quickstart.svc')).toBeDefined()
    expect(certificate.checkHost('other')).toBeUndefined()
    expect(certificate.checkIP('10.201.0.1')).toBe('10.201.0.1')
    expect(certificate.ca).toBe(false)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    expect(certificateExpiry(server.cert).toISOString()).toBe('2026-12-21T08:00:00.000Z')
  })

  test('is signed by its authority and by no other', () => {
    const certificate = new X509Certificate(server.cert)
    expect(certificate.checkIssued(new X509Certificate(authorities.ca.cert))).toBe(true)
    expect(certificate.verify(new X509Certificate(authorities.ca.cert).publicKey)).toBe(true)
    expect(certificate.verify(new X509Certificate(authorities.etcdCa.cert).publicKey)).toBe(false)
    expect(certificate.checkPrivateKey(createPrivateKey(server.key))).toBe(true)
  })

  test('the helpers name users and groups as Kubernetes wants them', async () => {
    const subject = (pair: KeyPair): string[] => new X509Certificate(pair.cert).subject.split('\n')
    expect(subject(admin)).toEqual(['O=system:masters', 'CN=knest-admin'])
    const kubelet = await kubeletClientCertificate(authorities.ca, 'quickstart-worker-0', {
      validityDays: 1,
      now,
    })
    expect(subject(kubelet)).toEqual(['O=system:nodes', 'CN=system:node:quickstart-worker-0'])
    expect(certificateExpiry(kubelet.cert).toISOString()).toBe('2026-11-22T08:00:00.000Z')
  })
})

const openssl = spawnSync('openssl', ['version']).status === 0
if (!openssl) console.warn('skipped: the openssl command is not installed')

describe.skipIf(!openssl)('openssl', () => {
  const folder = mkdtempSync(join(tmpdir(), 'knest-pki-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const run = (...args: string[]): string =>
    execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })

  test.each([
    ['sslserver', () => server],
    ['sslclient', () => server],
    ['sslclient', () => admin],
  ] as const)('verifies strictly for %s', (purpose, pair) => {
    const ca = file('ca.crt', authorities.ca.cert)
    const at = String(now.getTime() / 1000)
    const leaf = file('leaf.crt', pair().cert)
    const output = run('verify', '-x509_strict', '-attime', at, '-purpose', purpose, '-CAfile', ca, leaf)
    expect(output).toContain(': OK')
  })

  test('refuses a client certificate as a server', () => {
    const ca = file('ca.crt', authorities.ca.cert)
    const leaf = file('leaf.crt', admin.cert)
    expect(() =>
      run('verify', '-attime', String(now.getTime() / 1000), '-purpose', 'sslserver', '-CAfile', ca, leaf),
    ).toThrow()
  })

  test('gives the same public key hash', () => {
    const pem = run('x509', '-in', file('ca.crt', authorities.ca.cert), '-noout', '-pubkey')
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: pem })
    const hash = execFileSync('openssl', ['dgst', '-sha256', '-hex'], { input: der, encoding: 'utf8' })
    expect(caCertHash(authorities.ca.cert)).toBe(`sha256:${hash.trim().split(/\s/).at(-1) ?? ''}`)
  })
})
