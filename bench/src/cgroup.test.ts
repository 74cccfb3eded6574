import { expect, it } from 'vitest'
import { memoryFrom } from './cgroup.js'

const mib = 1024 * 1024

it('reads memory.stat of cgroup v1 by its sums over children', () => {
  const lines = [
    'cache 5',
    'rss 7',
    `total_cache ${30 * mib}`,
    `total_rss ${70 * mib}`,
    `total_shmem ${4 * mib}`,
  ]
  expect(memoryFrom(lines.join('\n'))).toEqual({ own: 74, cache: 26 })
})

it('reads memory.stat of cgroup v2', () => {
  const lines = [`anon ${70 * mib}`, `file ${30 * mib}`, `shmem ${4 * mib}`]
  expect(memoryFrom(`${lines.join('\n')}\n`)).toEqual({ own: 74, cache: 26 })
})
