import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { keepConnectionAlive } from './keep-alive.js'

const limits = { everyMs: 15_000, quietMs: 60_000, stalledMs: 600_000 }
let stoppedMs = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const now = performance.now.bind(performance)
  stoppedMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now() + stoppedMs)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function open() {
  const socket = Object.assign(new EventEmitter(), {
    isPaused: false,
    readyState: WebSocket.OPEN,
    ping: vi.fn<(data: string) => void>(),
  })
  const onQuiet = vi.fn<(quietMs: number) => void>()
  const probe = keepConnectionAlive(socket as unknown as WebSocket, limits, onQuiet)
  return { socket, onQuiet, probe }
}

it('a process that was stopped asks anew before it judges', () => {
  const { socket, onQuiet, probe } = open()
  vi.advanceTimersByTime(20_000)
  socket.emit('pong', Buffer.from('0'))
  stoppedMs += 64_000
  vi.advanceTimersByTime(10_000)
  expect(onQuiet).not.toHaveBeenCalled()
  expect(socket.ping).toHaveBeenCalledTimes(2)
  socket.emit('pong', Buffer.from('0'))
  vi.advanceTimersByTime(60_000)
  expect(onQuiet).not.toHaveBeenCalled()
  probe.stop()
})

it('a link that is dead after a stop is noticed as usual', () => {
  const { onQuiet, probe } = open()
  stoppedMs += 64_000
  vi.advanceTimersByTime(15_000)
  expect(onQuiet).not.toHaveBeenCalled()
  vi.advanceTimersByTime(75_000)
  expect(onQuiet).toHaveBeenCalledWith(60_000)
  probe.stop()
})
