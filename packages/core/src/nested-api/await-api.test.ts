import { expect, it } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { awaitApi } from './await-api.js'

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
