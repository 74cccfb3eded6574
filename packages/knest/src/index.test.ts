import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clusterRef, KnestError, openHost, runOptions, silentProgress } from './index.js'

const kubeconfigText = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'somewhere',
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'u', user: { token: 'none' } }],
  contexts: [{ name: 'somewhere', context: { cluster: 'c', user: 'u' } }],
})

test('a host opens without asking it anything, and closes by itself', async () => {
  let description: string
  {
    await using host = await openHost({ kubeconfigText })
    description = host.description
    expect(Object.keys(host.clusters)).toEqual(
      expect.arrayContaining(['create', 'scale', 'delete', 'status', 'list', 'kubeconfig']),
    )
  }
  expect(description).toBe('context "somewhere"')
})

test('a host takes the options of kubectl', async () => {
  const kubeconfig = join(await mkdtemp(join(tmpdir(), 'knest-sdk-')), 'config')
  await writeFile(kubeconfig, kubeconfigText)
  const host = await openHost({ kubeconfig, context: 'somewhere' })
  host.close()
  host.close()
  await expect(openHost({ kubeconfig, context: 'nowhere' })).rejects.toMatchObject({
    constructor: KnestError,
    code: 'config',
  })
})

test('a host that cannot be reached is told as such', async () => {
  await using host = await openHost({ kubeconfigText })
  await expect(host.clusters.list(undefined, AbortSignal.timeout(30_000))).rejects.toMatchObject({
    code: 'host-unreachable',
  })
})

test('what is left out is as with the command', () => {
  expect(clusterRef('demo')).toEqual({ name: 'demo', namespace: 'knest-demo' })
  expect(clusterRef('demo', 'team')).toEqual({ name: 'demo', namespace: 'team' })
  const { signal, ...rest } = runOptions()
  expect(signal.aborted).toBe(false)
  expect(rest).toEqual({ progress: silentProgress, timeoutMs: 900_000, isDefaultTimeout: true })
  // A limit that somebody asked for is kept.
  expect(runOptions({ timeoutMs: 1000 })).toMatchObject({ timeoutMs: 1000, isDefaultTimeout: false })
})
