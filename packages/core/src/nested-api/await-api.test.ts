import { afterEach, expect, it, vi } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { awaitApi } from './await-api.js'

afterEach(() => vi.useRealTimers())

const { signal } = new AbortController()
const ended = { exitCode: 137, stdout: '', stderr: '' }
const listens = { exitCode: 0, stdout: '', stderr: '' }
const cut = new KnestError('host-unreachable', 'the connection was cut')
const gone = new KnestError('not-permitted', 'pods "q-cp-0-0" is forbidden')

type Answer = typeof listens | KnestError

/** A node whose command for the port gives these answers in turn, and an API server that is ready once it listens. */
function parts(answers: Answer[]): { api: KubeApi; node: NodeHandle } {
  let isUp = false
  const execText = (): Promise<typeof listens> => {
    const answer = answers.shift() ?? listens
    isUp = answer === listens
    return answer instanceof KnestError ? Promise.reject(answer) : Promise.resolve(answer)
  }
  const raw = (): Promise<unknown> =>
    isUp ? Promise.resolve({ status: 200, body: 'ok' }) : Promise.reject(new Error('refused'))
  return {
    api: { description: 'nested cluster "q"', raw } as unknown as KubeApi,
    node: { name: 'q-cp-0', execText } as unknown as NodeHandle,
  }
}

it.each([
  ['the container ends', ended],
  ['the connection is cut', cut],
])('waits on for the API server when %s meanwhile', async (_title, answer) => {
  const { api, node } = parts([answer])
  await expect(awaitApi(api, [node], { timeoutMs: 30_000, signal })).resolves.toBeUndefined()
})

it.each([
  ['its own time is over', [ended], 1],
  ['asking on cannot help', [gone], 30_000],
])('ends when %s', async (_title, answers, timeoutMs) => {
  const { api, node } = parts([...answers, ...answers])
  await expect(awaitApi(api, [node], { timeoutMs, signal })).rejects.toMatchObject({ code: 'timeout' })
})

it.each([
  [
    'a port that is taken',
    'kube-apiserver 2026-11-29T18:00:00Z stderr F E1129 18:00:00.5   1 run.go:74] "failed" err="listen tcp 0.0.0.0:6443: bind: address already in use"',
    'kube-apiserver on "q-cp-0" said last: "failed" err="listen tcp 0.0.0.0:6443: bind: address already in use"',
  ],
  [
    'a disk that is full',
    'etcd 2026-11-29T18:00:00Z stderr F {"level":"fatal","msg":"failed to save","error":"no space left on device"}',
    'etcd on "q-cp-0" said last: failed to save: no space left on device',
  ],
  [
    'an etcd that takes nothing more',
    'kube-apiserver 2026-11-29T18:00:00Z stderr F {"msg":"etcdserver: mvcc: database space exceeded"}',
    'kube-apiserver on "q-cp-0" said last: etcdserver: mvcc: database space exceeded',
  ],
])(
  'names what keeps the API server from starting, once that takes long: %s',
  async (_title, log, expected) => {
    vi.useFakeTimers()
    const raw = (): Promise<never> => Promise.reject(new Error('refused'))
    const execText = ([program]: readonly string[]): Promise<typeof listens> =>
      Promise.resolve(program === 'timeout' ? ended : { ...listens, stdout: `${log}\n` })
    const api = { description: 'nested cluster "q"', raw } as unknown as KubeApi
    const node = { name: 'q-cp-0', execText } as unknown as NodeHandle
    const told = awaitApi(api, [node], { timeoutMs: 60_000, signal }).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(70_000)
    expect(await told).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining(`nothing listens on its port; ${expected}`) as string,
    })
  },
)
