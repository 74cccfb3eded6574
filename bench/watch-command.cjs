'use strict'
// Loaded into a knest command: writes at its end what it used. Node announces every HTTP request it sends.
const { subscribe } = require('node:diagnostics_channel')
const { readFileSync, writeFileSync } = require('node:fs')
const process = require('node:process')

const file = process.env.KNEST_BENCH_WATCHED
let hostRequests = 0
subscribe('http.client.request.start', ({ request }) => {
  // A nested API is reached through the host, by the name localhost.
  if (request.host !== 'localhost') hostRequests++
})
process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  // getrusage (maxRSS) begins with what the benchmark had when it forked: archives.
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  const peakMiB = Number(peak[1]) / 1024
  writeFileSync(file, JSON.stringify({ cpuSeconds: (user + system) / 1e6, hostRequests, peakMiB }))
})
