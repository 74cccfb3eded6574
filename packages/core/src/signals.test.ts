import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { anySignal } from './signals.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

it('a time limit fires though nobody holds it and garbage is collected', async () => {
  const parent = new AbortController()
  // As in a command: a limit for the whole, and others within it.
  const reasons = Array.from({ length: 20 }, () => {
    const whole = anySignal(parent.signal, AbortSignal.timeout(200))
    const inner = anySignal(whole, new AbortController().signal)
    return new Promise((resolve) => inner.addEventListener('abort', () => resolve(inner.reason)))
  })
  const collecting = setInterval(collectGarbage, 20)
  const ended = await Promise.all(reasons).finally(() => clearInterval(collecting))
  expect(ended.map((reason) => (reason as Error).name)).toEqual(Array(20).fill('TimeoutError'))
}, 30_000)
