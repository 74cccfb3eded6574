// Completes package-lock.json after `npm install`: npm leaves out optional packages that the registry it
// asked does not have (binaries for other platforms), and `npm ci` then refuses the lock file.
// Run it by `npm run lock`.
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
const cpus = { 64: 'x64', x64: 'x64', arm64: 'arm64', arm: 'arm', ia32: 'ia32' }
let added = 0

for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] !== undefined || !/^\d/.test(version)) continue
    const [platform = '', cpu = ''] = name.split('/').pop().split('-').slice(-2)
    const os = platform === 'windows' ? 'win32' : platform
    lock.packages[key] = {
      version,
      cpu: [cpus[cpu] ?? cpu],
      dev: true,
      license: 'MIT',
      optional: true,
      os: [os],
    }
    added++
  }
}

const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = Object.fromEntries(sorted)
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`package-lock.json: ${added} optional packages added`)
