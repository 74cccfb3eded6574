import { describe, expect, test } from 'vitest'
import { KnestError, type LogFile, type NodeBackend } from '@knest/core'
import { createdFixture, createFixture, never, ref, run, withWorkers } from './fixture.js'
import type { Fixture } from './fixture.js'

const spec = withWorkers(2)
const seed = 'S33dS33dS33dS33d'

/** Nodes that answer the export with these logs; one of which says nothing. */
function withLogs(backend: NodeBackend): NodeBackend {
  return {
    ...backend,
    openNode: async (cluster, name, signal) => {
      const node = await backend.openNode(cluster, name, signal)
      return {
        ...node,
        execText: (argv, options) => {
          if (!options.stdin?.toString().includes('/var/log/knest')) return node.execText(argv, options)
          if (name.endsWith('worker-1')) throw new KnestError('host-unreachable', `node "${name}" is away`)
          const mark = argv[3] ?? ''
          const log = `kubelet --token=${seed}\n`
          const stdout = `\n${mark} ${log.length} 900000 kubelet.log\n${log}\n${mark} 2 2 df.txt\nok`
          return Promise.resolve({ exitCode: 0, stdout, stderr: '' })
        },
      }
    },
  }
}

async function exported({ clusters }: Fixture) {
  const files = new Map<string, string>()
  const write = ({ path, text }: LogFile): Promise<void> => {
    files.set(path, text)
    return Promise.resolve()
  }
  return { report: await clusters.exportLogs(ref, write, run), files }
}

describe('an export of logs', () => {
  test('has what can be had, without secrets, and says what cannot', async () => {
    const fixture = await createdFixture(spec, withLogs)
    fixture.home.logParts = () => [
      { path: 'host/pods.yaml', read: () => Promise.resolve(`password: ${seed}\n`) },
      {
        path: 'host/nodes.yaml',
        read: () => Promise.reject(new KnestError('not-permitted', `no: token=${seed}`)),
      },
    ]
    const { files, report } = await exported(fixture)
    const node = `nodes/${ref.name}-cp-0`
    expect(files.get(`${node}/kubelet.log`)).toBe('kubelet --token=[removed]\n')
    expect(files.get(`${node}/df.txt`)).toBe('ok')
    expect(files.get('host/pods.yaml')).toBe('password: [removed]\n')
    expect(files.get('status.json')).toContain('"phase"')
    expect([...files.keys()]).toEqual(expect.arrayContaining(['nested/nodes.yaml', 'certificates.json']))
    expect(report.missing).toContain('host/nodes.yaml: no: token=[removed]')
    expect(report.missing).toContain(`nodes/${ref.name}-worker-1: node "${ref.name}-worker-1" is away`)
    expect(files.get('missing.txt')).toBe(report.missing.map((text) => `${text}\n`).join(''))
    expect(files.get('cut.txt')).toContain(`${node}/kubelet.log: the last `)
    expect(report.files).toBe(files.size)
    expect([...files.values()].join('')).not.toContain(seed)
  })

  test('of a cluster that has a record and nothing else has that', async () => {
    const fixture = createFixture(withLogs)
    await fixture.home.create(ref, spec, never)
    const { files, report } = await exported(fixture)
    expect(files.has('status.json')).toBe(true)
    expect(report.missing.length).toBeGreaterThan(0)
  })

  test('ends when what it hands over finds no room', async () => {
    const fixture = await createdFixture(spec, withLogs)
    const full = (): Promise<void> => Promise.reject(new Error('ENOSPC'))
    await expect(fixture.clusters.exportLogs(ref, full, run)).rejects.toThrow('ENOSPC')
  })

  test('of nothing is not-found', async () => {
    const { clusters } = createFixture()
    await expect(clusters.exportLogs(ref, () => Promise.resolve(), run)).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})
