import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { certifyAgain, createAuthorities, issueCertificate } from './index.js'
import { alternativeNames, hostsIn, unnamedApi } from './served-names.js'

const { ca } = await createAuthorities(new Date())
const request = { commonName: 'kube-apiserver', usages: ['server'] as const }
const serving = await issueCertificate(ca, {
  ...request,
  dnsNames: ['q-api.team.svc', 'localhost'],
  ipAddresses: ['10.96.0.1', '127.0.0.1', 'fd00::1'],
})

describe('hosts of URLs as certificates have them', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['https://10.1.2.3:30443', 'https://10.1.2.3:6443'], ['10.1.2.3']],
    [['https://[fd00::7]:6443'], ['fd00::7']],
    [['https://LB.Example.com:6443'], ['lb.example.com']],
    [[], []],
  ])('%j', (urls, hosts) => expect(hostsIn(urls)).toEqual(hosts))
})

describe('an API server whose certificate lacks what its clients call it', () => {
  it.each<[string, readonly string[], boolean]>([
    ['an address it has', ['https://10.96.0.1:6443'], false],
    ['an IPv6 address it has, written in another way', ['https://[fd00:0::1]:6443'], false],
    ['a name it has', ['https://q-api.team.svc:6443'], false],
    ['no URL', [], false],
    ['an address of a host node', ['https://10.96.0.1:6443', 'https://192.0.2.7:30443'], true],
    ['an address that begins like one it has', ['https://10.96.0.10:6443'], true],
    ['the name of a load balancer', ['https://lb.example.com:6443'], true],
    ['the common name, which clients do not look at', ['https://kube-apiserver:6443'], true],
  ])('%s', (_, urls, lacks) => {
    const expected = lacks ? { nodes: ['q-cp-0'], names: hostsIn(urls) } : undefined
    expect(unnamedApi(new Map([['q-cp-0', serving.cert]]), urls)).toEqual(expected)
  })

  it('is left alone when its certificate cannot be read', () => {
    expect(unnamedApi(new Map([['q-cp-0', 'no certificate']]), ['https://192.0.2.7:30443'])).toBeUndefined()
  })
})

it('is certified again for the same key, with the names it had and those added', async () => {
  const names = alternativeNames(serving.cert, ['192.0.2.7', 'lb.example.com', 'fd00::1'])
  expect(names.ipAddresses).toEqual(['10.96.0.1', '127.0.0.1', 'fd00::1', '192.0.2.7'])
  const pem = await certifyAgain(ca, serving.cert, { ...request, ...names })
  const before = new X509Certificate(serving.cert)
  const after = new X509Certificate(pem)
  expect(after.publicKey.equals(before.publicKey)).toBe(true)
  expect(after.verify(new X509Certificate(ca.cert).publicKey)).toBe(true)
  expect(after.keyUsage).toEqual(before.keyUsage)
  for (const name of ['q-api.team.svc', 'localhost', 'lb.example.com'])
    expect(after.checkHost(name, { subject: 'never' })).toBe(name)
  for (const address of ['127.0.0.1', 'fd00::1', '192.0.2.7']) expect(after.checkIP(address)).toBe(address)
  expect(unnamedApi(new Map([['q-cp-0', pem]]), ['https://192.0.2.7:30443'])).toBeUndefined()
})
