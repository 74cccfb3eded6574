import { X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { createAuthorities, issueCertificate } from '../pki/index.js'
import { fakeRecord } from '../status/fake-parts.js'
import { serveNames } from './serve-names.js'

const { signal } = new AbortController()
const authorities = await createAuthorities(new Date())
const before = await issueCertificate(authorities.ca, {
  commonName: 'kube-apiserver',
  usages: ['server'],
  dnsNames: ['q-api.team.svc'],
  ipAddresses: ['10.96.0.1', '192.0.2.1', '192.0.2.2'],
})

/** A node that shows its certificate, and takes another. */
function node(written: string[]): NodeHandle {
  const execText: NodeHandle['execText'] = (argv, options) => {
    const text = options.stdin === undefined ? before.cert : ''
    if (options.stdin !== undefined)
      written.push(/-----BEGIN[\s\S]*-----END [A-Z]+-----/.exec(options.stdin.toString())?.[0] ?? '')
    return Promise.resolve({ exitCode: argv[0] === 'bash' ? 0 : 1, stdout: text, stderr: '' })
  }
  return { name: 'q-cp-0', role: 'control-plane', execText } as NodeHandle
}

it.each<[string, string, unknown]>([
  [
    'keeps what is there, and adds what is lacking',
    'apiServer:\n  certSANs: [mine.example, 192.0.2.1, 192.0.2.2]\nclusterName: q\n',
    { apiServer: { certSANs: ['mine.example', '192.0.2.1', '192.0.2.2', '192.0.2.3'] }, clusterName: 'q' },
  ],
  ['may have no names', 'apiServer: {}\n', { apiServer: { certSANs: ['192.0.2.2', '192.0.2.3'] } }],
  [
    'may have no word of the API server',
    'apiServer:\n',
    { apiServer: { certSANs: ['192.0.2.2', '192.0.2.3'] } },
  ],
  ['is left alone with all of them', 'apiServer: { certSANs: [192.0.2.3, 192.0.2.2] }\n', undefined],
])('kubeadm-config %s', async (_, text, expected) => {
  const patches: { data: Record<string, string> }[] = []
  const configMap = { metadata: { name: 'kubeadm-config' }, data: { ClusterConfiguration: text } }
  const api = {
    get: () => Promise.resolve(configMap),
    patch: (_kind: unknown, _name: unknown, _namespace: unknown, patch: (typeof patches)[number]) =>
      Promise.resolve(void patches.push(patch)),
  } as unknown as KubeApi
  const written: string[] = []
  const context = {
    record: fakeRecord({}),
    home: { apiUrls: () => Promise.resolve([]) },
    api,
    authorities,
    openNode: () => Promise.resolve(node(written)),
  } as unknown as Parameters<typeof serveNames>[0]
  await serveNames(context, { nodes: ['q-cp-0'], names: ['192.0.2.2', '192.0.2.3'] }, signal)
  const [patch] = patches
  expect(patch === undefined ? undefined : parse(patch.data.ClusterConfiguration ?? '')).toEqual(expected)
  const shown = new X509Certificate(written[0] ?? '')
  const all = ['10.96.0.1', '192.0.2.1', '192.0.2.2', '192.0.2.3']
  expect(all.map((ip) => shown.checkIP(ip))).toEqual(all)
})
