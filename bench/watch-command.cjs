'use strict'
// Loaded into a knest command: writes at its end what it used. Node announces every HTTP request it sends.
const { subscribe } = require('node:diagnostics_channel')
const { writeFileSync } = require('node:fs')
const process = require('node:process')

const file = process.env.KNEST_BENCH_WATCHED
let hostRequests = 0
subscribe('http.client.request.start', ({ request }) => {
  // A nested API is reached through the host, by the name localhost.
  if (request.host !== 'localhost') hostRequests++
})
process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  // In KiB, as getrusage has it on Linux.
  const peakMiB = process.resourceUsage().maxRSS / 1024
  writeFileSync(file, JSON.stringify({ cpuSeconds: (user + system) / 1e6, hostRequests, peakMiB }))
})
