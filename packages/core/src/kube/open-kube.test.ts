import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderKubeconfig } from '../nested-api/render-kubeconfig.js'
import { adminCertificate, createAuthorities, issueCertificate } from '../pki/index.js'
import { json, startFakeApiServer } from './fake-api-server.js'
import { loadKubeconfig } from './kubeconfig/load.js'
import { execText } from '../streams/index.js'
import { openKube } from './open-kube.js'

const { signal } = new AbortController()
let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'knest-kubeconfig-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Writes a kubeconfig with one cluster, user and context per name, all on the same port. */
function write(file: string, names: readonly string[], port: number, current?: string): string {
  const to = path.join(folder, file)
  const text = JSON.stringify({
    clusters: names.map((name) => ({ name, cluster: { server: `http://127.0.0.1:${port}` } })),
    users: names.map((name) => ({ name, user: { token: `token-${file}` } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
    'current-context': current,
  })
  writeFileSync(to, text)
  return to
}

describe('loadKubeconfig', () => {
  it('merges the files of $KUBECONFIG, the first to name something wins, missing files are skipped', async () => {
    const files = [write('one', ['a'], 1), path.join(folder, 'missing'), write('two', ['a', 'b'], 2, 'b')]
    const env = { KUBECONFIG: files.join(path.delimiter) }
    const byDefault = await loadKubeconfig({}, env)
    expect([byDefault.context, byDefault.server.port]).toEqual(['b', '2'])
    const chosen = await loadKubeconfig({ context: 'a' }, env)
    expect([chosen.server.port, chosen.namespace]).toEqual(['1', 'default'])
  })

  it('prefers an explicit file and finds ~/.kube/config last', async () => {
    const file = write('one', ['a'], 1, 'a')
    expect((await loadKubeconfig({ kubeconfig: file }, { KUBECONFIG: '/none' })).context).toBe('a')
    const nothing = loadKubeconfig({}, { HOME: folder })
    await expect(nothing).rejects.toMatchObject({ code: 'host-unreachable', hint: /--kubeconfig/ as never })
  })

  it('says which file or context is missing, and which there are', async () => {
    const file = write('two', ['a', 'b'], 2)
    const load = (context?: string) => loadKubeconfig({ kubeconfig: file, context }, {})
    await expect(load('c')).rejects.toMatchObject({
      code: 'config',
      message: `there is no context "c" in kubeconfig "${file}"`,
      hint: 'the contexts there are: "a", "b"',
    })
    await expect(load()).rejects.toMatchObject({ code: 'config', message: /no current context/ as never })
    const absent = path.join(folder, 'absent')
    const message = `kubeconfig "${absent}" does not exist`
    await expect(loadKubeconfig({ kubeconfig: absent }, {})).rejects.toMatchObject({
      code: 'config',
      message,
    })
    await expect(loadKubeconfig({}, { KUBECONFIG: absent })).rejects.toMatchObject({
      code: 'config',
      message,
    })
  })

  it('quotes nothing of a file it cannot parse', async () => {
    const error: unknown = await loadKubeconfig({ kubeconfigText: 'users: [{user: {token: secret' }).catch(
      (e: unknown) => e,
    )
    const message = 'the given kubeconfig is not a valid kubeconfig: it is not YAML (line 1)'
    expect(error).toMatchObject({ code: 'config', message })
    expect(JSON.stringify(error)).not.toContain('secret')
    const wrong = loadKubeconfig({ kubeconfigText: '{"clusters": [{"name": "a", "cluster": "secret"}]}' })
    await expect(wrong).rejects.toMatchObject({
      message: /clusters\[0\].cluster is not a group of fields$/ as never,
    })
  })
})

describe('openKube', () => {
  it('reports a login plugin that fails, without its output', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      interactiveMode: 'Never',
      args: ['-c', 'echo secret >&2; exit 1'],
    }
    const kubeconfigText = JSON.stringify({
      'current-context': 'a',
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: { exec } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    })
    const error: unknown = await openKube({ kubeconfigText })
      .then((kube) => kube.raw('/readyz', signal))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'not-permitted' })
    expect(String(error)).not.toContain('secret')
  })

  it('speaks TLS through a dialled stream, with the names of the kubeconfig, and keeps it', async () => {
    const { ca } = await createAuthorities()
    const certificate = await issueCertificate(ca, {
      commonName: 'kube-apiserver',
      dnsNames: ['api.demo'],
      usages: ['server'],
    })
    const server = await startFakeApiServer(certificate)
    server.on('GET /api/v1/nodes', json({ items: [] }))
    server.acceptSockets({
      protocols: ['v5.channel.k8s.io'],
      onSocket: (socket) => {
        socket.send(Buffer.from('\u0003{"status":"Success"}'))
      },
    })
    const client = await adminCertificate(ca, { group: 'system:masters', validityDays: 1 })
    let dialled = 0
    const open = (name: string) =>
      openKube({
        kubeconfigText: renderKubeconfig({
          name: 'demo',
          server: `https://${name}:6443`,
          ca: ca.cert,
          clientCert: client.cert,
          clientKey: client.key,
        }),
        dial: () => {
          dialled += 1
          return Promise.resolve(net.connect(server.port, '127.0.0.1'))
        },
        description: 'nested cluster "demo"',
      })
    const kube = await open('api.demo')
    for (let count = 0; count < 3; count++) {
      expect(await kube.list({ apiVersion: 'v1', kind: 'Node' }, { signal })).toEqual([])
    }
    expect(dialled).toBe(1)
    const result = await execText(kube, { namespace: 'n', name: 'a' }, ['true'], { timeoutMs: 2000, signal })
    expect(result.exitCode).toBe(0)
    const wrong = await open('other.demo')
    await expect(wrong.raw('/readyz', signal)).rejects.toMatchObject({
      code: 'host-unreachable',
      message:
        'nested cluster "demo" cannot be reached at https://other.demo:6443: its certificate is for other names',
    })
    kube.close()
    wrong.close()
    await server.close()
  })
})
