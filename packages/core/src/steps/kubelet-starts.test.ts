import { afterEach, expect, test, vi } from 'vitest'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { kubeletStarts } from './kubelet-starts.js'

afterEach(() => vi.useRealTimers())

const never = new AbortController().signal
type Answer = { readonly exitCode: number; readonly stdout: string } | KnestError

/** Opens nodes that give one of these answers after the other, and the last one for ever. */
function opening(
  answers: Readonly<Record<string, readonly Answer[]>>,
): (name: string) => Promise<NodeHandle> {
  const left = new Map(Object.entries(answers).map(([name, all]) => [name, [...all]]))
  const execText = (name: string) => () => {
    const [answer, ...later] = left.get(name) ?? []
    if (later.length > 0) left.set(name, later)
    return answer instanceof KnestError ? Promise.reject(answer) : Promise.resolve({ stderr: '', ...answer })
  }
  return (name) => Promise.resolve({ name, execText: execText(name) } as unknown as NodeHandle)
}

const started = { exitCode: 0, stdout: '1000\n' }
const notYet = { exitCode: 1, stdout: '' }

test.each([
  ['said at once', [started], new Date(1_000_000)],
  ['of one that starts', [notYet, notYet, started], new Date(1_000_000)],
  ['of one that never starts', [notYet], undefined],
  ['of one that cannot be asked', [new KnestError('host-unreachable', 'away')], undefined],
])('the start of a kubelet: %s', async (_what, answers, expected) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const asked = kubeletStarts(
    ['q-cp-0', 'q-worker-0'],
    opening({ 'q-cp-0': [started], 'q-worker-0': answers }),
    never,
  )
  await vi.advanceTimersByTimeAsync(120_000)
  const found = await asked
  expect(found.get('q-cp-0')).toEqual(new Date(1_000_000))
  expect(found.get('q-worker-0')).toEqual(expected)
})

test('ends with its signal', async () => {
  const ended = new AbortController()
  const asked = kubeletStarts(['q-cp-0'], opening({ 'q-cp-0': [notYet] }), ended.signal)
  ended.abort(new KnestError('timeout', 'over'))
  await expect(asked).rejects.toThrow('over')
})
