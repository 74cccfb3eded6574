import { Command } from 'commander'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { WorkerPool } from 'knest'
import { fakeStatus, sampleSpec } from '@knest/testing'
import { fakeHostKubeconfig, FakeTerminal } from '../fake-deps.js'
import { createCommand, type CreateOptions } from './create.js'
import { listCommand, type ListOptions } from './list.js'
import { scaleCommand, type ScaleOptions } from './scale.js'

let terminal: FakeTerminal
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knest-commands-'))
  terminal = new FakeTerminal(home)
})
afterEach(() => void vi.unstubAllEnvs())

describe('parsing', () => {
  test('create hands over what was given and nothing else', async () => {
    const seen: CreateOptions[] = []
    const command = createCommand(terminal.deps(), (_deps, options) => {
      seen.push(options)
      return Promise.resolve()
    })
    await command.parseAsync(
      ['x', '--avoid-cidr', '10.1.0.0/16, 10.2.0.0/16', '--avoid-cidr', '10.3.0.0/16'],
      { from: 'user' },
    )
    expect(seen[0]?.flags).toEqual({ avoidCidr: ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'] })
    expect(seen[0]).toMatchObject({
      name: 'x',
      dryRun: false,
      merge: true,
      switchContext: false,
      timeoutMs: 900_000,
    })
  })

  test('global flags stand before or after the command', async () => {
    const seen: ListOptions[] = []
    const program = (): Command => {
      const list = listCommand(terminal.deps(), (_deps, options) => {
        seen.push(options)
        return Promise.resolve()
      })
      return new Command('knest').option('-n, --namespace <name>').option('--context <name>').addCommand(list)
    }
    await program().parseAsync(['-n', 'a', 'list', '--context', 'c'], { from: 'user' })
    await program().parseAsync(['ls', '--namespace', 'a', '--context', 'c'], { from: 'user' })
    expect(seen[0]).toMatchObject({ namespace: 'a', context: 'c' })
    expect(seen[1]).toEqual(seen[0])
  })

  test('scale hands over its words', async () => {
    const seen: ScaleOptions[] = []
    const command = scaleCommand(terminal.deps(), (_deps, options) => {
      seen.push(options)
      return Promise.resolve()
    })
    await command.parseAsync(['q', '3:', 'gpu=2', '--timeout', '1m'], { from: 'user' })
    expect(seen[0]).toMatchObject({ name: 'q', counts: ['3:', 'gpu=2'], force: false, timeoutMs: 60_000 })
  })
})

function fill(): void {
  terminal.clusters.add(fakeStatus())
  terminal.clusters.loadedImages = [
    { name: 'docker.io/library/busybox:1', digest: 'sha256:0123', size: undefined, wanted: [], present: [] },
  ]
  terminal.clusters.certificateList = {
    ...terminal.clusters.certificateList,
    certificates: [
      {
        node: 'quickstart-cp-0',
        name: 'apiserver',
        expires: '2026-12-31T00:00:00Z',
        daysLeft: 364,
        ca: 'ca',
        renewedBy: 'knest',
      },
    ],
  }
}

describe('list', () => {
  const item = {
    name: 'quickstart',
    namespace: 'knest-quickstart',
    backend: 'pod',
    kubernetesVersion: '1.35.4',
    phase: 'Ready',
    controlPlane: { desired: 1, ready: 1 },
    workers: { desired: 1, ready: 1 },
    podNetworkCidr: ['10.200.0.0/16'],
    serviceCidr: ['10.201.0.0/16'],
    age: '3m12s',
    expiresAt: null,
    deleteWith: null,
    labels: {},
  }

  test('-o json is exactly what scripts were promised', async () => {
    terminal.clusters.add(fakeStatus())
    expect(await terminal.run('list', '-o', 'json')).toBe(0)
    expect(JSON.parse(terminal.out)).toEqual({ items: [item] })
    expect(terminal.err).toBe('')
  })

  test('shows what time is left, where a cluster has an end', async () => {
    terminal.clusters.add(fakeStatus({ expiresAt: '2026-01-01T02:00:00Z' }))
    terminal.clusters.add(fakeStatus({ name: 'lasting' }))
    expect(await terminal.run('list')).toBe(0)
    const cells = terminal.out.split('\n').map((line) => line.split(/ {2,}/).at(-1))
    expect(cells).toEqual(['ENDS-IN', '116m', 'never', ''])
  })

  test.each([
    [['-n', 'team'], ['quickstart']],
    [['-A'], ['lasting', 'quickstart']],
    [
      ['-n', 'team', '-A'],
      ['lasting', 'quickstart'],
    ],
    [
      ['--all-namespaces', '--namespace', 'team'],
      ['lasting', 'quickstart'],
    ],
    [['--all-namespaces=false', '-n', 'team'], ['quickstart']],
  ])('%j, as kubectl understands it', async (flags, names) => {
    terminal.clusters.add(fakeStatus({ namespace: 'team' }))
    terminal.clusters.add(fakeStatus({ name: 'lasting' }))
    expect(await terminal.run('list', '-o', 'name', ...flags)).toBe(0)
    expect(terminal.out.trim().split('\n').sort()).toEqual(names)
  })

  test.each([
    ['list', 'quickstart   knest-quickstart'],
    ['list --no-headers=true', 'quickstart   knest-quickstart'],
    ['images quickstart', 'busybox:1   0123   <none>   0/0'],
    ['certs quickstart', 'quickstart-cp-0   apiserver   2026-12-31T00:00:00Z   364'],
  ])('%s --no-headers prints rows alone', async (command, row) => {
    fill()
    expect(await terminal.run(...command.split(' '), '--no-headers')).toBe(0)
    expect(terminal.out.split('\n')[0]).toContain(row)
    expect(terminal.out.trimEnd().split('\n')).toHaveLength(1)
  })

  test.each([
    ['list', 'quickstart'],
    ['status quickstart', 'quickstart'],
    ['images quickstart', 'busybox:1'],
    ['certs quickstart', 'quickstart-cp-0/apiserver'],
    ['host status', 'knest-host'],
  ])('%s -o name prints names, one a line, and nothing else on stdout', async (command, line) => {
    fill()
    expect(await terminal.run(...command.split(' '), '-o', 'name')).toBe(0)
    expect(terminal.out).toBe(`${line}\n`)
  })

  describe('labels', () => {
    beforeEach(() => {
      terminal.clusters.add(fakeStatus({ name: 'a', labels: { team: 'web', job: '12' } }))
      terminal.clusters.add(fakeStatus({ name: 'b', labels: { team: 'web', job: '13' } }))
      terminal.clusters.add(fakeStatus({ name: 'c' }))
    })

    test.each([
      ['team=web', ['a', 'b']],
      ['team=web,job!=12', ['b']],
      ['job in (12, 14)', ['a']],
      ['!team', ['c']],
      ['', ['a', 'b', 'c']],
    ])('list -l %j', async (selector, names) => {
      expect(await terminal.run('list', '-o', 'name', '-l', selector)).toBe(0)
      expect(terminal.out).toBe(names.map((name) => `${name}\n`).join(''))
    })

    test('are shown, and are there for scripts', async () => {
      await terminal.run('list', '--show-labels', '--no-headers')
      expect(terminal.out.split('\n').map((line) => line.split(/ {2,}/).at(-1))).toEqual([
        'job=12,team=web',
        'job=13,team=web',
        '<none>',
        '',
      ])
      terminal.out = ''
      await terminal.run('list', '-o', 'json', '-l', 'job=12')
      expect(JSON.parse(terminal.out)).toMatchObject({ items: [{ labels: { team: 'web', job: '12' } }] })
    })

    test('choose what is deleted, and nobody is asked', async () => {
      expect(await terminal.run('delete', '-l', 'job=12', '-o', 'name')).toBe(0)
      expect(terminal.out).toBe('a\n')
      expect([...terminal.clusters.clusters.keys()]).toEqual(['knest-b/b', 'knest-c/c'])
      expect(await terminal.run('delete', '-l', 'job=12')).toBe(0)
      expect(terminal.err).toContain('No nested clusters found')
    })

    test('come from flags and from the file', async () => {
      terminal.files.set(
        'd.yaml',
        'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: d, labels: {team: web, job: "1"}}\n',
      )
      await terminal.run('create', '--from', 'd.yaml', '-l', 'job=2,tier=', '--labels', 'x/y=z', '--no-merge')
      await terminal.run('apply', '-f', 'd.yaml', '-n', 'other', '--no-merge')
      const labelsOf = (key: string): unknown => terminal.clusters.clusters.get(key)?.status.labels
      expect(labelsOf('knest-d/d')).toEqual({ team: 'web', job: '2', tier: '', 'x/y': 'z' })
      expect(labelsOf('other/d')).toEqual({ team: 'web', job: '1' })
    })
  })

  test('extend says until when it lives', async () => {
    terminal.clusters.add(fakeStatus())
    expect(await terminal.run('extend', 'quickstart', '1h')).toBe(0)
    expect(terminal.out).toBe('cluster "quickstart" lives until 2026-01-01T01:00:00.000Z\n')
    expect(terminal.clusters.changes).toEqual(['extend knest-quickstart/quickstart 3600000'])
  })

  test('says where it looked for who may not look everywhere, and elsewhere nothing', async () => {
    terminal.clusters.add(fakeStatus({ namespace: 'team' }))
    terminal.clusters.narrowedTo = 'team'
    expect(await terminal.run('list', '-o', 'name')).toBe(0)
    expect(terminal.err).toBe(
      'note: you may not list the clusters of all namespaces: these are those of namespace "team"\n',
    )
    terminal.err = ''
    expect(await terminal.run('list', '-o', 'name', '-n', 'team')).toBe(0)
    expect(terminal.err).toBe('')
    expect(terminal.out).toBe('quickstart\nquickstart\n')
  })

  test('a table for people', async () => {
    terminal.clusters.add(fakeStatus())
    await terminal.run('list')
    expect(terminal.out).toBe(
      'NAME         NAMESPACE          BACKEND   VERSION   PHASE   CONTROL-PLANE   WORKERS   AGE\n' +
        'quickstart   knest-quickstart   pod       1.35.4    Ready   1/1             1/1       3m12s\n',
    )
  })

  test('a wide table joins ranges as flags do', async () => {
    terminal.clusters.add(fakeStatus({ serviceCidr: ['10.201.0.0/16', 'fd00::/108'] }))
    await terminal.run('list', '-o', 'wide')
    expect(terminal.out).toMatch(
      /POD-CIDR +SERVICE-CIDR\n.* 10\.200\.0\.0\/16 +10\.201\.0\.0\/16,fd00::\/108\n/,
    )
  })

  test('no clusters: nothing on stdout, an empty list for scripts', async () => {
    await terminal.run('list')
    expect(terminal.out).toBe('')
    expect(terminal.err).toBe('No nested clusters found\n')
    await terminal.run('list', '-o', 'json')
    expect(JSON.parse(terminal.out)).toEqual({ items: [] })
  })

  test('all namespaces, or the one asked for', async () => {
    terminal.clusters.add(fakeStatus())
    terminal.clusters.add(fakeStatus({ name: 'other', namespace: 'team' }))
    await terminal.run('list', '-o', 'name')
    expect(terminal.out).toBe('quickstart\nother\n')
    terminal.out = ''
    await terminal.run('list', '-o', 'name', '-n', 'team')
    expect(terminal.out).toBe('other\n')
  })

  test('status adds nodes, etcd, certificates, conditions and problems', async () => {
    terminal.clusters.add(fakeStatus())
    await terminal.run('status', 'quickstart', '-o', 'json')
    expect(JSON.parse(terminal.out)).toEqual({
      ...item,
      nodes: [
        {
          name: 'quickstart-cp-0',
          role: 'control-plane',
          ready: true,
          status: 'Ready',
          version: '1.35.4',
          ip: '10.244.0.7',
          disk: 'persistent',
          addressKept: true,
          reservation: { ip: '10.244.0.7', mac: '52:54:00:f4:00:07' },
          hostPod: 'quickstart-cp-0-0',
          hostNode: 'host-1',
          reason: null,
        },
        {
          name: 'quickstart-worker-0',
          role: 'worker',
          ready: false,
          status: 'NotReady',
          version: null,
          ip: null,
          disk: 'ephemeral',
          addressKept: false,
          reservation: null,
          hostPod: 'quickstart-worker-0-0',
          hostNode: null,
          reason: 'Unschedulable: too little memory',
        },
      ],
      etcd: {
        members: [
          {
            id: '374ac64b941d1ee6',
            name: 'quickstart-cp-0',
            healthy: true,
            leader: true,
            learner: false,
            dbSizeBytes: 1_552_384,
          },
        ],
        problem: null,
      },
      certificates: {
        earliest: {
          node: 'quickstart-cp-0',
          name: 'apiserver',
          expires: '2027-01-01T00:00:00Z',
          daysLeft: 364,
        },
        endSoon: 0,
        renewBeforeDays: 30,
        unfinished: [],
        problems: [],
      },
      problems: [],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'AllNodesReady',
          message: '',
          lastTransitionTime: '2026-01-01T00:01:00Z',
        },
      ],
    })
  })

  test('status for people names the reason and the risk', async () => {
    terminal.clusters.add(fakeStatus({ name: 'knest' }))
    await terminal.run('status')
    expect(terminal.out).toContain('Unschedulable: too little memory')
    expect(terminal.out).toContain('root in one of them is root on the host node')
  })
})

describe('kubeconfig', () => {
  test('prints it', async () => {
    terminal.clusters.add(fakeStatus())
    await terminal.run('kubeconfig', 'quickstart')
    expect(terminal.out).toMatch(/^apiVersion: v1\n[\s\S]*knest-quickstart/)
    expect(terminal.err).toBe('')
  })

  test('--merge prints nothing on stdout and does not switch', async () => {
    terminal.clusters.add(fakeStatus())
    await terminal.run('kubeconfig', 'quickstart', '--merge')
    expect(terminal.out).toBe('')
    expect(terminal.err).toContain('Context "knest-quickstart" is set')
    expect(await readFile(join(home, '.kube', 'config'), 'utf8')).not.toContain('current-context')
  })
})

describe('scale', () => {
  const [worker] = sampleSpec.workers
  const gpu = { ...worker, name: 'gpu', count: 1 } as WorkerPool

  test.each([
    [['3:1'], { controlPlane: 3, pools: { worker: 1 } }, '3:2'],
    [[':0'], { pools: { worker: 0 } }, '1:1'],
    [['3:'], { controlPlane: 3 }, '3:2'],
    [['gpu=2'], { pools: { gpu: 2 } }, '1:3'],
    [['3:', 'gpu=2'], { controlPlane: 3, pools: { gpu: 2 } }, '3:3'],
    [['--worker-machine-count', '4'], { pools: { worker: 4 } }, '1:5'],
    [['--control-plane-machine-count', '5'], { controlPlane: 5 }, '5:2'],
  ])('%j', async (words, request, counts) => {
    terminal.clusters.add(fakeStatus(), { ...sampleSpec, workers: [...sampleSpec.workers, gpu] })
    expect(await terminal.run('scale', 'quickstart', ...words)).toBe(0)
    expect(terminal.clusters.lastRequest).toMatchObject(request)
    expect(terminal.out).toBe(`cluster "quickstart" scaled to ${counts}\n`)
  })

  test('what a cluster does not have is refused, as by its dry run', async () => {
    terminal.clusters.add(fakeStatus())
    for (const more of [[], ['--dry-run']]) {
      terminal.err = ''
      expect(await terminal.run('scale', 'quickstart', 'gpu=2', ...more)).toBe(2)
      expect(terminal.err).toContain('the cluster has no worker pool "gpu"')
    }
    expect(terminal.clusters.changes).toEqual([])
  })

  test.each([
    [
      'Paused',
      'cluster "quickstart" is paused',
      'start it first: `knest resume quickstart -n knest-quickstart`',
    ],
    [
      'Deleting',
      'cluster "quickstart" is being deleted',
      'finish it first: `knest delete quickstart -n knest-quickstart`',
    ],
    [
      'Creating',
      'cluster "quickstart" is not completely created yet',
      'create it again with the same settings to finish it',
    ],
  ] as const)('of a cluster that is %s is refused in the words of core', async (phase, message, hint) => {
    terminal.clusters.add(fakeStatus({ phase }))
    expect(await terminal.run('scale', 'quickstart', ':2')).not.toBe(0)
    expect(terminal.err).toContain(`error: ${message}\nhint: ${hint}`)
    expect(terminal.clusters.changes).toEqual([])
  })

  test('--force reaches core', async () => {
    terminal.clusters.add(fakeStatus())
    expect(await terminal.run('scale', 'quickstart', '2:', '--force')).toBe(0)
    expect(terminal.clusters.lastRequest).toEqual({ controlPlane: 2, force: true })
  })

  test('--dry-run changes nothing', async () => {
    terminal.clusters.add(fakeStatus())
    expect(await terminal.run('scale', 'quickstart', ':2', '--dry-run')).toBe(0)
    expect(terminal.clusters.changes).toEqual([])
    expect(terminal.out).toContain('Create node "quickstart-worker-1"')
    expect(await terminal.run('scale', 'quickstart', ':1', '--dry-run')).toBe(0)
    expect(terminal.clusters.changes).toEqual([])
    expect(terminal.err).toContain('nothing to do')
  })
})

describe('delete', () => {
  test('leaves no kubeconfig behind', async () => {
    await terminal.run('create', 'quickstart')
    terminal.out = ''
    expect(await terminal.run('delete', 'quickstart')).toBe(0)
    expect(terminal.out).toBe('cluster "quickstart" deleted\n')
    await expect(stat(join(home, '.kube', 'knest.knest-quickstart.quickstart.kubeconfig'))).rejects.toThrow(
      /ENOENT/,
    )
    const left = await readFile(join(home, '.kube', 'config'), 'utf8').catch(() => '')
    expect(left).toBe('')
  })

  test.each(['clusters: [', 'contexts: 1\n', '{"truncated', '\0'])(
    'a damaged own file (%j) is replaced, and goes',
    async (garbage) => {
      const own = join(home, '.kube', 'knest.knest-quickstart.quickstart.kubeconfig')
      await terminal.run('create', 'quickstart')
      const whole = await readFile(own, 'utf8')
      await writeFile(own, garbage)
      expect(await terminal.run('certs', 'quickstart', '--renew')).toBe(0)
      expect(await readFile(own, 'utf8')).toBe(whole)
      await writeFile(own, garbage)
      terminal.err = ''
      expect(await terminal.run('delete', 'quickstart')).toBe(0)
      expect(terminal.err).toBe('')
      await expect(stat(own)).rejects.toThrow(/ENOENT/)
    },
  )

  test('several clusters go one after the other, and what fails keeps no other', async () => {
    for (const name of ['a', 'b', 'c']) terminal.clusters.add(fakeStatus({ name }))
    expect(await terminal.run('delete', 'a', 'absent', 'gone', 'b', 'a')).toBe(4)
    expect(terminal.out).toBe('cluster "a" deleted\ncluster "b" deleted\n')
    expect(terminal.err).toContain('error: there is no cluster "absent"')
    expect(terminal.err).toContain('warning: cluster "gone" was not deleted: there is no cluster "gone"')
    terminal.out = ''
    expect(await terminal.run('delete', 'c', 'absent', '--ignore-not-found', '-o', 'json')).toBe(0)
    expect(JSON.parse(terminal.out)).toEqual({
      items: [{ name: 'c', namespace: 'knest-c', deleted: true, dataKept: false }],
    })
  })

  test('--all asks, and deletes those of a namespace', async () => {
    terminal.clusters.add(fakeStatus({ name: 'a', namespace: 'team' }))
    terminal.clusters.add(fakeStatus({ name: 'b', namespace: 'team' }))
    terminal.clusters.add(fakeStatus({ name: 'c' }))
    expect(await terminal.run('delete', '--all')).toBe(2)
    expect(terminal.err).toContain('--all asks before it deletes, and there is nobody to ask')
    terminal.answer = false
    expect(await terminal.run('delete', '--all', '-n', 'team')).not.toBe(0)
    expect(terminal.clusters.changes).toEqual([])
    expect(await terminal.run('delete', '--all', '-n', 'team', '--dry-run')).toBe(0)
    expect(terminal.clusters.changes).toEqual([])
    terminal.out = ''
    terminal.answer = true
    expect(await terminal.run('delete', '--all', '-n', 'team', '-o', 'name')).toBe(0)
    expect(terminal.out).toBe('a\nb\n')
    terminal.answer = undefined
    terminal.out = ''
    expect(await terminal.run('delete', '--all', '--yes')).toBe(0)
    expect(terminal.out).toBe('cluster "c" deleted\n')
  })

  test('--ignore-not-found succeeds and says nothing', async () => {
    expect(await terminal.run('delete', 'absent', '--ignore-not-found')).toBe(0)
    expect(terminal.out).toBe('')
  })

  test('--dry-run prints the plan', async () => {
    terminal.clusters.add(fakeStatus())
    await terminal.run('delete', 'quickstart', '--dry-run')
    expect(terminal.out).toContain('Delete cluster "quickstart"')
    expect(terminal.clusters.changes).toEqual([])
  })
})

describe('preflight', () => {
  test('no problems', async () => {
    expect(await terminal.run('preflight')).toBe(0)
    expect(terminal.out).toBe('no problems found\n')
  })

  test('problems are the result; errors make exit code 3', async () => {
    terminal.clusters.problems = [{ message: 'few inotify instances', hint: 'raise it', severity: 'warning' }]
    expect(await terminal.run('preflight', 'x')).toBe(0)
    terminal.clusters.problems = [{ message: 'pods overlap', hint: 'choose another', severity: 'error' }]
    terminal.out = ''
    expect(await terminal.run('preflight', 'x', '-o', 'json')).toBe(3)
    expect(JSON.parse(terminal.out)).toEqual({ problems: terminal.clusters.problems })
    expect(terminal.clusters.changes).toEqual([])
  })
})

describe('shell', () => {
  beforeEach(() => terminal.clusters.add(fakeStatus()))

  test('gives a kubeconfig to the command and its exit code to the caller', async () => {
    let kubeconfig = ''
    let mode = 0
    terminal.spawn = async () => {
      const file = terminal.spawned[0]?.env.KUBECONFIG ?? ''
      kubeconfig = await readFile(file, 'utf8')
      mode = (await stat(file)).mode & 0o777
      return 7
    }
    expect(await terminal.run('shell', 'quickstart', '--', 'kubectl', 'get', '-n', 'x', 'pods')).toBe(7)
    expect(terminal.spawned[0]?.argv).toEqual(['kubectl', 'get', '-n', 'x', 'pods'])
    expect(terminal.spawned[0]?.env.KNEST_CLUSTER).toBe('quickstart')
    expect(kubeconfig).toContain('knest-quickstart')
    expect(mode).toBe(0o600)
    await expect(stat(terminal.spawned[0]?.env.KUBECONFIG ?? '')).rejects.toThrow(/ENOENT/)
  })

  test('without a name it is the cluster "knest"', async () => {
    terminal.clusters.add(fakeStatus({ name: 'knest' }))
    expect(await terminal.run('shell', '--', 'true')).toBe(0)
    expect(terminal.spawned[0]?.argv).toEqual(['true'])
    expect(terminal.spawned[0]?.env.KNEST_CLUSTER).toBe('knest')
  })

  test('a command without -- is refused', async () => {
    expect(await terminal.run('shell', 'quickstart', 'kubectl', 'get', 'pods')).toBe(2)
    expect(terminal.err).toContain('knest shell quickstart -- kubectl get pods')
  })

  test('an empty command is refused before the host is asked', async () => {
    expect(await terminal.run('shell', 'quickstart', '--', '', 'x')).toBe(2)
    expect(terminal.err).toBe(
      'error: the command after -- is empty\nhint: leave -- out for a shell: `knest shell quickstart`\n',
    )
    expect(terminal.spawned).toEqual([])
  })

  test.each([undefined, ''])('without SHELL (%j) it is /bin/sh', async (shell) => {
    terminal.env.SHELL = shell
    expect(await terminal.run('shell', 'quickstart')).toBe(0)
    expect(terminal.spawned[0]?.argv).toEqual(['/bin/sh', '-i'])
  })

  test.each(['/no/such/folder', '/dev/null'])(
    'what cannot be written to TMPDIR=%s is told',
    async (folder) => {
      vi.stubEnv('TMPDIR', folder)
      terminal.clusters.reachable = false
      expect(await terminal.run('shell', 'quickstart')).toBe(3)
      expect(terminal.err).toMatch(/^error: the shell's files cannot be written: E.*\nhint: .*\$TMPDIR\n$/)
      expect(terminal.clusters.closedForwards).toBe(1)
    },
  )

  test('forwards the API when it cannot be reached, and stops with the shell', async () => {
    terminal.clusters.reachable = false
    let kubeconfig = ''
    terminal.spawn = async () => {
      kubeconfig = await readFile(terminal.spawned[0]?.env.KUBECONFIG ?? '', 'utf8')
      return 0
    }
    await terminal.run('shell', 'quickstart')
    expect(kubeconfig).toContain('server: https://127.0.0.1:16443')
    expect(terminal.clusters.closedForwards).toBe(1)
  })

  test('Ctrl-C belongs to the shell', async () => {
    terminal.spawn = () => {
      terminal.signal()
      terminal.signal()
      return Promise.resolve(0)
    }
    expect(await terminal.run('shell', 'quickstart')).toBe(0)
    expect(terminal.exitedAtOnce).toBe(0)
  })

  test('bash shows the prompt', async () => {
    terminal.env.SHELL = '/bin/bash'
    await writeFile(join(home, '.bashrc'), 'PS1="mine> "\nexport KUBECONFIG=/elsewhere\n')
    let prompt = ''
    terminal.spawn = async ([shell = '', flag = '', file = '']) => {
      const env = { ...process.env, ...terminal.spawned[0]?.env }
      const script = `. ${file}; echo "$PS1|$KUBECONFIG"`
      expect(flag).toBe('--rcfile')
      prompt = (await promisify(execFile)(shell, ['-c', script], { env })).stdout
      return 0
    }
    await terminal.run('shell', 'quickstart')
    expect(prompt).toBe(`[knest-quickstart/quickstart] mine> |${terminal.spawned[0]?.env.KUBECONFIG ?? ''}\n`)
  })
})

describe('host', () => {
  test('up hands over its flags, writes the context and prints the result', async () => {
    expect(await terminal.run('host', 'up', '--engine', 'docker', '--image', 'i:1')).toBe(0)
    expect(terminal.host.calls).toEqual(['up knest-host docker i:1'])
    expect(terminal.out).toBe('host "knest-host" is up\n')
    expect(await readFile(join(home, '.kube', 'config'), 'utf8')).toContain('name: knest-host')
  })

  test('up says that it cannot add its context before it makes anything', async () => {
    await mkdir(join(home, '.kube'), { recursive: true })
    await writeFile(join(home, '.kube', 'config'), 'contexts: {a: b}\n')
    expect(await terminal.run('host', 'up')).toBe(2)
    expect(terminal.err).toContain('is not a list')
    expect(terminal.host.calls).toEqual([])
  })

  test('status shows the room it has, and what is near its end', async () => {
    const resource = { used: undefined, requested: undefined, warning: undefined }
    terminal.host.current = {
      ...terminal.host.current,
      room: [
        { ...resource, name: 'cpu', capacity: 2, used: 1.254, requested: 0.725 },
        { ...resource, name: 'memory', capacity: 2 ** 34, used: 2 ** 32, requested: 2 ** 30 },
        { ...resource, name: 'processes', capacity: 1000, used: 950, warning: 'nearly used up: do this' },
      ],
    }
    await terminal.run('host', 'status')
    const [, table] = terminal.out.split('\n\n')
    expect(table?.replaceAll(/ {3,}/g, ' | ')).toBe(
      [
        'RESOURCE | CAPACITY | USED | REQUESTED | NOTE',
        'cpu | 2 | 1.25 (63%) | 0.72 (36%)',
        'memory | 16 GiB | 4.0 GiB (25%) | 1.0 GiB (6%)',
        'processes | 1000 | 950 (95%) | nearly used up: do this',
        '',
      ].join('\n'),
    )
    terminal.out = ''
    await terminal.run('host', 'status', '-o', 'json')
    expect(JSON.parse(terminal.out)).toMatchObject({
      room: [{ name: 'cpu', capacity: 2 }, {}, { requested: null, warning: 'nearly used up: do this' }],
    })
  })

  test('status, load and down', async () => {
    await terminal.run('host', 'status', '-o', 'json')
    expect(JSON.parse(terminal.out)).toMatchObject({ name: 'knest-host', engine: 'podman', phase: 'running' })
    terminal.out = ''
    await terminal.run('host', 'load', 'a:1', 'b:1')
    expect(terminal.out).toBe('image "a:1" loaded\nimage "b:1" loaded\n')
    await terminal.run('host', 'up')
    await terminal.run('host', 'down')
    expect(terminal.host.calls).toEqual(['load knest-host a:1 b:1', 'up knest-host - -', 'down knest-host'])
    const left = await readFile(join(home, '.kube', 'config'), 'utf8').catch(() => '')
    expect(left).toBe('')
  })

  test.each(['of my own', 'of:my:own'])(
    'up and down keep the context in --kubeconfig "%s" only',
    async (name) => {
      const file = join(home, name)
      await writeFile(file, '')
      expect(await terminal.run('host', 'up', '--kubeconfig', file)).toBe(0)
      expect(await readFile(file, 'utf8')).toContain('name: knest-host')
      expect(terminal.err).toContain(
        `try \`knest create --kubeconfig ${name.includes(' ') ? `'${file}'` : file}\`\n`,
      )
      expect(await readdir(home)).toEqual([name])
      expect(await terminal.run('host', 'down', '--kubeconfig', file)).toBe(0)
      expect(await readFile(file, 'utf8')).toBe('')
      expect(await readdir(home)).toEqual([name])
    },
  )

  test('down --kubeconfig takes the contexts of its clusters from where create keeps them', async () => {
    const file = join(home, 'of my own')
    terminal.host.running = fakeHostKubeconfig
    await terminal.run('host', 'up', '--kubeconfig', file)
    expect(await terminal.run('create', 'quickstart', '--kubeconfig', file)).toBe(0)
    expect(await readFile(join(home, '.kube', 'config'), 'utf8')).toContain('name: knest-quickstart')
    expect(await terminal.run('host', 'down', '--kubeconfig', file)).toBe(0)
    expect(await readdir(join(home, '.kube'))).toEqual([])
    expect(await readdir(home)).toEqual(['.kube'])
  })

  test.each([
    ['up', ['--context', 'x']],
    ['up', ['-n', 'x']],
    ['down', ['--context', 'x']],
    ['down', ['--namespace', 'x']],
    ['status', ['--context', 'x']],
    ['status', ['--kubeconfig', 'x']],
    ['load', ['-n', 'x']],
    ['load', ['--kubeconfig', 'x']],
  ])('%s refuses what would change nothing: %j', async (verb, more) => {
    const images = verb === 'load' ? ['a:1'] : []
    expect(await terminal.run('host', verb, ...images, ...more)).toBe(2)
    expect(terminal.err).toMatch(
      new RegExp(
        `^error: --(context|namespace|kubeconfig) has no meaning for host ${verb}\nhint: .*leave it out\n$`,
      ),
    )
    expect(terminal.host.calls).toEqual([])
  })

  test('host without a command shows its help and is a mistake', async () => {
    expect(await terminal.run('host')).toBe(2)
    expect(terminal.err).toContain('Usage: knest host')
    expect(terminal.out).toBe('')
  })
})

describe('version and help', () => {
  test('version needs no host unless one is named', async () => {
    await terminal.run('version', '-o', 'json')
    expect(JSON.parse(terminal.out)).toEqual({ knest: '0.1.0', kubernetes: '1.35.4' })
    expect(terminal.opened).toEqual([])
    terminal.out = ''
    await terminal.run('version', '--context', 'c')
    expect(terminal.out).toContain('host v1.34.1\n')
    expect(terminal.opened).toEqual([{ context: 'c', kubeconfig: undefined }])
  })

  test('a mistake names the help that cures it', async () => {
    expect(await terminal.run('create', '--pod-network-cdir', '10.0.0.0/8')).toBe(2)
    expect(terminal.err).toBe(
      "error: unknown option '--pod-network-cdir'\n" +
        'hint: (Did you mean --pod-network-cidr?) see `knest create --help`\n',
    )
  })

  test('help is a result; no arguments show it', async () => {
    expect(await terminal.run()).toBe(0)
    expect(terminal.out).toMatch(/^Usage: knest/)
    expect(terminal.out).not.toContain('__complete')
    const help = terminal.out
    terminal.out = ''
    expect(await terminal.run('--help')).toBe(0)
    expect(terminal.out).toBe(help)
  })

  test.each([
    ['help', '--help'],
    ['help create', 'create --help'],
    ['help host', 'host --help'],
    ['host help', 'host --help'],
    ['host help up', 'host up --help'],
  ])('knest %s is knest %s, as with kubectl', async (words, flag) => {
    expect(await terminal.run(...flag.split(' '))).toBe(0)
    const help = terminal.out
    terminal.out = ''
    expect(await terminal.run(...words.split(' '))).toBe(0)
    expect(terminal.out).toBe(help)
    expect(terminal.err).toBe('')
    expect(terminal.opened).toEqual([])
  })

  test('the help of create knows the defaults of core', async () => {
    const { specDefaults } = await terminal.deps().spec()
    await terminal.run('create', '--help')
    const help = terminal.out.replace(/\s+/g, ' ')
    for (const text of [
      specDefaults.defaultPodCidr,
      specDefaults.defaultServiceCidr,
      specDefaults.defaultCni,
    ]) {
      expect(help).toContain(`(default: ${text})`)
    }
    expect(help).toContain(`memory of each worker node (default: ${specDefaults.defaultMachine.memorySize})`)
    expect(help).toContain(`CPU cores of each worker node (default: ${specDefaults.defaultMachine.cpuCores})`)
  })
})

describe('completion', () => {
  async function complete(...words: readonly string[]): Promise<string[]> {
    terminal.out = ''
    expect(await terminal.run('__complete', '--', ...words)).toBe(0)
    return terminal.out.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']))
  }

  test('commands, flags, values and cluster names', async () => {
    terminal.clusters.add(fakeStatus())
    expect(await complete('')).toContain('create')
    expect(await complete('')).not.toContain('__complete')
    expect(await complete('s')).toEqual(['status', 'shell', 'ssh', 'scale', 'schema'])
    expect(await complete('host', '')).toEqual([
      'up',
      'status',
      'load',
      'role',
      'install',
      'uninstall',
      'down',
    ])
    expect(await complete('create', '--pod')).toEqual(['--pod-network-cidr'])
    expect(await complete('create', '--backend', '')).toEqual(['pod', 'vm'])
    expect(await complete('create', '--worker-backend', '')).toEqual(['pod', 'vm'])
    expect(await complete('host', 'install', '')).toEqual(['kubevirt', 'controller'])
    expect(await complete('completion', 'z')).toEqual(['zsh'])
    expect(await complete('delete', 'qu')).toEqual(['quickstart'])
    expect(await complete('-n', 'elsewhere', 'delete', '')).toEqual([])
    expect(await complete('create', '')).toEqual([])
    expect(await complete('shell', 'quickstart', '--', 'ls', '')).toEqual([])
  })

  test('asks the host the flags name, and stays silent when it does not answer', async () => {
    terminal.hostFault = new Error('no host')
    expect(await complete('--context', 'c', 'status', '')).toEqual([])
    expect(terminal.opened.at(-1)?.context).toBe('c')
    expect(terminal.err).toBe('')
  })

  test('the bash script completes', async () => {
    await terminal.run('completion', 'bash')
    const script = join(home, 'completion.bash')
    await writeFile(script, terminal.out)
    const knest = join(home, 'knest')
    await writeFile(knest, '#!/bin/sh\nprintf "%s\\tfirst\\n" "$@"\n')
    await chmod(knest, 0o755)
    const { stdout } = await promisify(execFile)(
      'bash',
      [
        '-c',
        `. ${script}; COMP_WORDS=(knest status "") COMP_CWORD=2; _knest; printf '<%s>' "\${COMPREPLY[@]}"`,
      ],
      { env: { ...process.env, PATH: `${home}${delimiter}${process.env.PATH ?? ''}` } },
    )
    expect(stdout).toBe('<__complete><--><status><>')
  })

  test('zsh and fish get a script too', async () => {
    await terminal.run('completion', 'zsh')
    expect(terminal.out).toMatch(/^#compdef knest/)
    terminal.out = ''
    await terminal.run('completion', 'fish')
    expect(terminal.out).toContain('complete -c knest')
  })
})

test('schema prints what editors need to check a cluster file', async () => {
  expect(await terminal.run('schema')).toBe(0)
  expect(JSON.parse(terminal.out)).toMatchObject({
    title: 'knest NestedCluster',
    additionalProperties: false,
  })
})

test('status --watch shows a cluster again when it has changed, until it is gone', async () => {
  terminal.clusters.add(fakeStatus())
  let looks = 0
  terminal.pause = async () => {
    looks += 1
    if (looks === 2) terminal.clusters.add({ ...fakeStatus(), phase: 'Scaling' })
    if (looks === 4) await terminal.clusters.delete(fakeStatus())
  }
  expect(await terminal.run('status', fakeStatus().name, '--watch', '-o', 'json')).toBe(0)
  const phases = [...terminal.out.matchAll(/"phase": "(\w+)"/g)].map(([, phase]) => phase)
  expect(phases).toEqual(['Ready', 'Scaling'])
  expect(terminal.err).toContain(`cluster "${fakeStatus().name}" is gone`)
})
