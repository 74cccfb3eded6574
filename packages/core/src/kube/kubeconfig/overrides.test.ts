import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ConnectionOverrides } from '../../contracts/kube-connection.js'
import { loadKubeconfig } from './load.js'

const folder = mkdtempSync(path.join(tmpdir(), 'knest-overrides-'))
const ca = path.join(folder, 'ca.pem')
const pem = path.join(folder, 'client.pem')
for (const file of [ca, pem]) writeFileSync(file, 'pem')

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const data = Buffer.from('pem').toString('base64')
const kubeconfig = stringify({
  'current-context': 'a',
  clusters: [
    {
      name: 'a',
      cluster: {
        server: 'https://a.test',
        'tls-server-name': 'kubernetes',
        'certificate-authority-data': data,
      },
    },
    { name: 'b', cluster: { server: 'https://b.test', 'insecure-skip-tls-verify': true } },
  ],
  users: [
    { name: 'a', user: { 'client-certificate-data': data, 'client-key-data': data } },
    { name: 'b', user: { token: 'of-b', as: 'jane', 'as-groups': ['dev'] } },
  ],
  contexts: [{ name: 'a', context: { cluster: 'a', user: 'a', namespace: 'team' } }],
})

const load = (overrides: ConnectionOverrides, text = kubeconfig) =>
  loadKubeconfig({ kubeconfigText: text, ...overrides }, {})

describe('what is given counts before the kubeconfig:', () => {
  it.each<[string, ConnectionOverrides, object, object]>([
    ['another cluster', { cluster: 'b' }, { server: 'https://b.test', insecureSkipTlsVerify: true }, {}],
    ['another user', { user: 'b' }, {}, { token: 'of-b', as: 'jane', asGroups: ['dev'] }],
    [
      'a server, and the name of its certificate with it',
      { server: 'https://c.test:6443' },
      { server: 'https://c.test:6443', tlsServerName: '', certificateAuthorityData: Buffer.from('pem') },
      {},
    ],
    ['the name of its certificate', { tlsServerName: 'x' }, { tlsServerName: 'x' }, {}],
    [
      'authorities',
      { certificateAuthority: ca },
      { certificateAuthority: ca, certificateAuthorityData: Buffer.alloc(0) },
      {},
    ],
    [
      'no authorities',
      { insecureSkipTlsVerify: true },
      { insecureSkipTlsVerify: true, certificateAuthorityData: Buffer.alloc(0) },
      {},
    ],
    [
      'authorities of a cluster that was insecure',
      { cluster: 'b', certificateAuthority: ca },
      { insecureSkipTlsVerify: false, certificateAuthority: ca },
      {},
    ],
    ['a token', { token: 'x' }, {}, { token: 'x' }],
    [
      'a certificate and its key',
      { user: 'b', clientCertificate: pem, clientKey: pem },
      {},
      { clientCertificate: pem, clientKey: pem },
    ],
    [
      'whom the requests are made for',
      { as: 'bob', asUid: '7', asGroups: ['ops', 'dev'] },
      {},
      { as: 'bob', asUid: '7', asGroups: ['ops', 'dev'] },
    ],
    [
      'their name, and the groups of the kubeconfig stay',
      { user: 'b', as: 'bob' },
      {},
      { as: 'bob', asGroups: ['dev'] },
    ],
    [
      'nothing, as of unset variables',
      { server: '', token: '', as: '', user: '', cluster: '' },
      { server: 'https://a.test', tlsServerName: 'kubernetes' },
      { token: '', as: '' },
    ],
  ])('%s', async (_what, overrides, cluster, user) => {
    const chosen = await load(overrides)
    expect(chosen.cluster).toMatchObject(cluster)
    expect(chosen.user).toMatchObject(user)
    expect(chosen.namespace).toBe('team')
  })

  it.each<[string, ConnectionOverrides]>([
    ['there is no cluster "x" in', { cluster: 'x' }],
    ['there is no user "x" in', { user: 'x' }],
    ['has as-uid, as-groups or as-user-extra without "as"', { asGroups: ['ops'] }],
    ['has both client-key and client-key-data', { clientKey: pem }],
    [
      'has a client-key "/none" that does not exist',
      { user: 'b', clientCertificate: pem, clientKey: '/none' },
    ],
    ['has a certificate-authority "/none" that does not exist', { certificateAuthority: '/none' }],
    ['has no usable server URL', { server: 'ftp://c' }],
  ])('%s', async (message, overrides) => {
    await expect(load(overrides)).rejects.toThrow(message)
  })
})

describe('a server that is given', () => {
  it('needs no kubeconfig, and no context', async () => {
    const given = { server: 'https://c.test', token: 'x' }
    for (const chosen of [
      await loadKubeconfig(given, { HOME: folder }),
      await load(given, stringify({ contexts: [] })),
    ]) {
      expect(chosen).toMatchObject({ context: undefined, namespace: 'default', user: { token: 'x' } })
      expect(chosen.server.href).toBe('https://c.test/')
    }
  })

  it('needs somebody who asks', async () => {
    await expect(loadKubeconfig({ server: 'https://c.test' }, { HOME: folder })).rejects.toThrow(
      'server "https://c.test/" has a user without credentials',
    )
  })
})
