import WebSocket from 'ws'
import type { KeepAliveProbe } from './api-link.js'

/**
 * Pings the peer and reports when it has been quiet for too long. A peer that is busy handing our
 * bytes to a slow reader cannot answer pings (API servers and kubelets read pings and data in one
 * loop), so it gets more time while bytes of ours are unanswered.
 */
export function keepConnectionAlive(
  socket: WebSocket,
  limits: KeepAliveProbe,
  onQuiet: (quietMs: number) => void,
) {
  // What fits in the buffers of a peer that still answers.
  const harmless = 4096
  // Later than this is a tick only of a process that was stopped: what came meanwhile is yet to be read.
  const latestMs = 2 * limits.everyMs + 1_000
  let heardAt = performance.now()
  let tickedAt = heardAt
  let sentBytes = 0
  let answeredBytes = 0
  const heard = () => {
    heardAt = performance.now()
  }
  const timer = setInterval(() => {
    const now = performance.now()
    // Nothing can be heard while we do not read.
    if (socket.isPaused || now - tickedAt > latestMs) heard()
    tickedAt = now
    const limitMs = sentBytes - answeredBytes > harmless ? limits.stalledMs : limits.quietMs
    if (now - heardAt > limitMs) onQuiet(limitMs)
    else if (socket.readyState === WebSocket.OPEN) socket.ping(String(sentBytes))
  }, limits.everyMs)
  socket.on('pong', (data) => {
    heard()
    answeredBytes = Math.max(answeredBytes, Number(data.toString()) || 0)
  })
  socket.on('ping', heard)
  return {
    heard,
    sent: (bytes: number) => {
      sentBytes += bytes
    },
    stop: () => {
      clearInterval(timer)
    },
  }
}
