import { describe, expect, it } from 'vitest'
import type { CertificateAuthorities } from '../contracts/cluster-home.js'
import type { ClusterRecord, ServiceType } from '../contracts/cluster.js'
import type { Step } from '../plan/step.js'
import { fakeRecord } from '../status/fake-parts.js'
import { awaitReachable, changesEndpoints } from './await-reachable.js'

const { signal } = new AbortController()
const url = 'https://10.0.0.1:30443'

function record(serviceType: ServiceType): ClusterRecord {
  const found = fakeRecord({})
  return { ...found, spec: { ...found.spec, endpoint: { serviceType } } }
}

interface Case {
  readonly serviceType?: ServiceType
  readonly urls?: readonly string[]
  /** How often nothing answers. */
  readonly misses: number
}

/** What was told, and how often it was tried. */
async function waited({
  serviceType = 'NodePort',
  urls = [url],
  misses,
}: Case): Promise<{ readonly notes: readonly string[]; readonly tries: number }> {
  const notes: string[] = []
  let tries = 0
  const authorities = { ca: { cert: 'ca', key: '' } } as CertificateAuthorities
  await awaitReachable(
    { readAuthorities: () => Promise.resolve(authorities), apiUrls: () => Promise.resolve(urls) },
    record(serviceType),
    {
      progress: { note: (text) => void notes.push(text) },
      signal,
      timeoutMs: misses === Infinity ? 0 : 600_000,
      reach: (targets) =>
        Promise.resolve(++tries > misses ? targets[0] && { url: targets[0].url, named: true } : undefined),
    },
  )
  return { notes, tries }
}

describe('the end of a command that changed control planes', () => {
  it.each<[string, Case, number, readonly string[]]>([
    ['costs one connection where the API answers', { misses: 0 }, 1, []],
    ['waits until it answers', { misses: 2 }, 3, [`waiting for the API server to answer at ${url}`]],
    [
      'ends in time where this machine never reaches it',
      { misses: Infinity },
      1,
      [`the API server does not answer this machine at ${url}`],
    ],
    ['asks nobody where only the host reaches it', { serviceType: 'ClusterIP', misses: 0 }, 0, []],
    ['asks nobody where there is no address yet', { urls: [], misses: 0 }, 0, []],
  ])('%s', async (_, given, tries, notes) => {
    expect(await waited(given)).toEqual({ tries, notes })
  })
})

it.each<[string, Partial<Step>, boolean]>([
  ['a control plane that is made again', { kind: 'join-control-plane' }, true],
  ['one that goes', { kind: 'remove-node', role: 'control-plane' }, true],
  ['one that is upgraded', { kind: 'upgrade-node', node: { role: 'control-plane' } as never }, true],
  ['new certificates', { kind: 'renew-certificates' }, true],
  ['a worker that goes', { kind: 'remove-node', role: 'worker' }, false],
  ['a worker that is made', { kind: 'ensure-node', node: { role: 'worker' } as never }, false],
  ['what only looks', { kind: 'await-ready' }, false],
])('%s changes what is behind the Service or not', (_, step, changes) => {
  expect(changesEndpoints([step as Step])).toBe(changes)
})
