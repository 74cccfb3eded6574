import { describe, expect, it } from 'vitest'
import { parseLimits, podmanUlimits } from './limits.js'
import { machineProblems, parseControllers, type MachineFacts } from './machine.js'

const good: MachineFacts = {
  cgroupVersion: 2,
  inotify: { max_user_instances: 8192, max_user_watches: 524_288 },
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  availableMemory: 8 * 2 ** 30,
  freeDisk: 50 * 2 ** 30,
}

describe('machineProblems', () => {
  it('finds none on a good machine, nor where it cannot look', () => {
    expect(machineProblems(good)).toEqual([])
    const blind = {
      ...good,
      inotify: { max_user_instances: undefined, max_user_watches: undefined },
      availableMemory: undefined,
      freeDisk: undefined,
    }
    expect(machineProblems(blind)).toEqual([])
  })

  it('warns of low limits, memory and disk, each with its cure', () => {
    const problems = machineProblems({
      ...good,
      inotify: { max_user_instances: 128, max_user_watches: 8192 },
      availableMemory: 2 ** 30,
      freeDisk: 2 ** 30,
    })
    expect(problems.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning', 'warning'])
    expect(problems[0]?.hint).toContain('fs.inotify.max_user_instances=512')
    expect(problems[2]?.message).toContain('1.0 GiB')
  })

  it('warns of cgroup v1', () => {
    expect(machineProblems({ ...good, cgroupVersion: 1 })).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('cgroup v1') as string },
    ])
  })

  it('refuses a kernel without a controller', () => {
    expect(machineProblems({ ...good, controllers: ['cpu', 'cpuset', 'pids'] })).toMatchObject([
      { severity: 'error', message: expect.stringContaining('memory') as string },
    ])
  })
})

it('reads controllers of both cgroup versions', () => {
  expect(parseControllers('cpuset cpu io memory pids\n', 2)).toEqual([
    'cpuset',
    'cpu',
    'io',
    'memory',
    'pids',
  ])
  const table =
    '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t9\t1\nmemory\t4\t9\t0\npids\t8\t1\t1\n'
  expect(parseControllers(table, 1)).toEqual(['cpuset', 'pids'])
})

describe('limits of the caller', () => {
  const limits = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            1024                 20000                files
`

  it('are kept without CAP_SYS_RESOURCE', () => {
    const caller = parseLimits(limits, 'CapEff:\t000001fffeffffff\n')
    expect(caller).toEqual({ capSysResource: false, openFiles: 20_000, processes: 96_365 })
    expect(podmanUlimits(caller)).toEqual(['nofile=20000', 'nproc=32768'])
  })

  it('are raised with it', () => {
    expect(podmanUlimits(parseLimits(limits, 'CapEff:\t000001ffffffffff\n'))).toEqual(['nofile=1048576'])
  })

  it('may be unlimited', () => {
    expect(podmanUlimits(parseLimits(limits.replaceAll(/\d+/g, 'unlimited'), ''))).toEqual([
      'nofile=1048576',
      'nproc=32768',
    ])
  })
})
