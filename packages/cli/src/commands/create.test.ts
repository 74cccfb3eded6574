import { KnestError, NodeCommandError, PreflightError } from 'knest'
import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeStatus } from '@knest/testing'
import { parse } from 'yaml'
import { FakeTerminal } from '../fake-deps.js'
import { main } from '../main.js'

let terminal: FakeTerminal
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knest-create-'))
  terminal = new FakeTerminal(home)
})

test('create without anything makes the cluster "knest" with every default', async () => {
  expect(await terminal.run('create')).toBe(0)
  expect(terminal.out).toBe('cluster "knest" created\n')
  expect(terminal.clusters.changes).toEqual(['create knest-knest/knest'])
  expect(terminal.clusters.lastSpec).toMatchObject({
    kubernetesVersion: '1.35.4',
    controlPlane: { count: 1, backend: 'pod' },
    workers: [{ name: 'worker', count: 1 }],
    endpoint: { serviceType: 'auto' },
  })
  expect(terminal.clusters.lastRun?.timeoutMs).toBe(900_000)
  expect(terminal.closed).toBe(1)
})

test('create keeps the kubeconfig and adds the context', async () => {
  await terminal.run('create', 'quickstart', '-n', 'team')
  const file = join(home, '.kube', 'knest.team.quickstart.kubeconfig')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const merged = await readFile(join(home, '.kube', 'config'), 'utf8')
  expect(merged).toContain('knest-quickstart')
  expect(merged).not.toContain('current-context: knest-quickstart')
  expect(terminal.err).toContain(`is now accessible with the kubeconfig file "${file}"`)
  expect(terminal.err).toContain(
    '`kubectl --context knest-quickstart get nodes` or `knest shell quickstart -n team`',
  )
})

test('--switch-context makes the context current, --no-merge leaves the kubeconfig alone', async () => {
  await terminal.run('create', 'a', '--switch-context')
  expect(await readFile(join(home, '.kube', 'config'), 'utf8')).toContain('current-context: knest-a')
  const other = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-create-')))
  await other.run('create', 'a', '--no-merge')
  await expect(readFile(join(other.env.HOME ?? '', '.kube', 'config'))).rejects.toThrow(/ENOENT/)
})

test('create says that it cannot add a context before it makes anything, and makes the cluster with --no-merge', async () => {
  const config = join(home, '.kube', 'config')
  await mkdir(join(home, '.kube'))
  const text = 'a: &a [{name: x}]\nclusters: *a\n'
  await writeFile(config, text)
  expect(await terminal.run('create', 'a')).toBe(2)
  expect(terminal.clusters.changes).toEqual([])
  expect(terminal.err).toContain(`kubeconfig "${config}" is written in a way that knest cannot add to safely`)
  expect(terminal.err).toContain('--no-merge')
  expect(await terminal.run('create', 'a', '--no-merge')).toBe(0)
  expect(await readFile(config, 'utf8')).toBe(text)
})

test('create adds to what kubectl reads: repeated keys, merges, a document after it', async () => {
  const config = join(home, '.kube', 'config')
  await mkdir(join(home, '.kube'))
  const text = 'users: []\nusers:\n- name: a\n  user: &u {token: x}\n- name: b\n  user: {<<: *u}\n---\n'
  await writeFile(config, text)
  expect(await terminal.run('create', 'a')).toBe(0)
  expect(await readFile(config, 'utf8')).toContain('knest-a-admin')
  expect(await terminal.run('delete', 'a')).toBe(0)
  expect(await readFile(config, 'utf8')).toBe(text)
})

test('create reads a file of the version before, with a warning for each old name', async () => {
  const head = 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nspec:\n'
  terminal.stdin = `${head}  network: { podCidr: 10.1.0.0/16, serviceCidr: 10.2.0.0/16 }\n  patches: []\n`
  expect(await terminal.run('create', 'a', '--from', '-')).toBe(0)
  expect(terminal.clusters.lastSpec).toMatchObject({
    network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'] },
    hostPatches: [],
  })
  expect(terminal.err.split('\n').filter((line) => line.startsWith('warning:'))).toEqual([
    'warning: "stdin" line 4: "spec.network.podCidr" is called "spec.network.podNetworkCidr" now, a list; the old name is still read',
    'warning: "stdin" line 5: "spec.patches" is called "spec.hostPatches" now; the old name is still read',
  ])
  terminal.err = ''
  expect(await terminal.run('create', 'b', '--from', '-', '--quiet')).toBe(0)
  expect(terminal.err).not.toContain('warning:')
})

test('create refuses a file with both names of a range', async () => {
  const head = 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nspec:\n'
  terminal.stdin = `${head}  network: { podCidr: 10.1.0.0/16, podNetworkCidr: [10.1.0.0/16] }\n`
  expect(await terminal.run('create', 'a', '--from', '-')).toBe(2)
  expect(terminal.err).toContain('"spec.network.podCidr" and "spec.network.podNetworkCidr" are both given')
  expect(terminal.clusters.changes).toEqual([])
})

test('old and new flags lead to the same wish', async () => {
  await terminal.run(
    ...['create', 'old', '--target-namespace', 'ns', '--kubernetes-version', 'v1.35.4'],
    ...['--control-plane-machine-count', '3', '--worker-machine-count', '2'],
    ...['--pod-network-cidr', '192.168.0.0/16', '--service-cidr', '10.96.0.0/12'],
    ...['--control-plane-machine-cpu-cores', '4', '--worker-machine-cpu-cores', '500m'],
    ...['--control-plane-machine-memory-size', '8Gi', '--worker-machine-memory-size', '2Gi'],
    ...['--control-plane-machine-rootfs-size', '10Gi', '--worker-machine-rootfs-size', '20Gi'],
    ...[
      '--control-plane-machine-rootfs-image',
      'example.com/n:1',
      '--worker-machine-rootfs-image',
      'example.com/n:1',
    ],
    ...['--control-plane-endpoint-service-type', 'LoadBalancer', '--cni', 'none'],
  )
  expect(terminal.err).not.toMatch(/^error/m)
  expect(terminal.clusters.changes).toEqual(['create ns/old'])
  expect(terminal.clusters.lastSpec).toMatchObject({
    kubernetesVersion: '1.35.4',
    image: 'example.com/n:1',
    controlPlane: { count: 3, machine: { cpuCores: 4, memorySize: '8Gi', rootfsSize: '10Gi' } },
    workers: [{ count: 2, machine: { cpuCores: 0.5, memorySize: '2Gi', rootfsSize: '20Gi' } }],
    network: { podNetworkCidr: ['192.168.0.0/16'], serviceCidr: ['10.96.0.0/12'], cni: 'none' },
    endpoint: { serviceType: 'LoadBalancer' },
  })
})

test('mirrors of a registry are asked in the order given', async () => {
  const mirror = (text: string): readonly string[] => ['--registry-mirror', text]
  await terminal.run(
    ...['create', 'a', ...mirror('docker.io=http://one:5000'), ...mirror('ghcr.io=https://x/?a=b')],
    ...mirror('docker.io=https://two'),
  )
  expect(terminal.err).toContain('has a query')
  terminal.err = ''
  await terminal.run(
    'create',
    'a',
    ...mirror('docker.io=http://one:5000'),
    ...mirror('docker.io=https://two'),
  )
  expect(terminal.err).not.toMatch(/^error/m)
  expect(terminal.clusters.lastSpec?.registries).toEqual([
    { host: 'docker.io', mirrors: ['http://one:5000', 'https://two'] },
  ])
})

test('a registry mirror shows no password again', async () => {
  expect(await terminal.run('create', 'a', '--registry-mirror', '=http://me:hunter2@mirror')).toBe(2)
  expect(terminal.err).toContain('--registry-mirror "=http://…@mirror" is not HOST=URL')
  expect(terminal.err).not.toContain('hunter2')
})

test('flags override the file, and the file names the cluster', async () => {
  terminal.stdin = `apiVersion: knest.dev/v1alpha1
kind: NestedCluster
metadata: { name: fromfile }
spec:
  controlPlane: { count: 3 }
  workers: [{ name: gpu, count: 4 }]
`
  await terminal.run('create', '--from', '-', '--worker-machine-count', '1')
  expect(terminal.clusters.changes).toEqual(['create knest-fromfile/fromfile'])
  expect(terminal.clusters.lastSpec).toMatchObject({
    controlPlane: { count: 3 },
    workers: [{ name: 'gpu', count: 1 }],
  })
})

test('--force allows an even number of control planes', async () => {
  expect(await terminal.run('create', '--control-plane-machine-count', '2', '--force')).toBe(0)
})

test('--dry-run prints the plan and creates nothing', async () => {
  expect(await terminal.run('create', 'x', '--dry-run')).toBe(0)
  expect(terminal.out).toBe(
    'STEP   WHAT                      AFTER\n1      Create node "x-cp-0"\n2      Start the control plane   1\n',
  )
  expect(terminal.clusters.changes).toEqual([])
  terminal.out = ''
  await terminal.run('create', 'x', '--dry-run', '-o', 'name')
  expect(terminal.out).toBe('x\n')
})

test.each(['yaml', 'json'])('--dry-run -o %s prints the NestedCluster that would be made', async (format) => {
  const flags = ['--worker-machine-count', '2', '--labels', 'team=a']
  expect(await terminal.run('create', 'x', ...flags, '--dry-run', '-o', format)).toBe(0)
  expect(parse(terminal.out)).toMatchObject({
    kind: 'NestedCluster',
    metadata: { name: 'x', namespace: 'knest-x', labels: { team: 'a' } },
    spec: { workers: [{ name: 'worker', count: 2 }] },
  })
  expect(terminal.clusters.changes).toEqual([])
})

test('-o json gives the item of the list', async () => {
  await terminal.run('create', 'x', '-q', '-o', 'json')
  expect(JSON.parse(terminal.out)).toMatchObject({ name: 'x', namespace: 'knest-x', age: '3m12s' })
  expect(terminal.err).toBe('')
})

test('preflight problems are shown all at once, each with its cure', async () => {
  terminal.clusters.fault = new PreflightError('prerequisite', [
    { message: 'one', hint: 'cure one', severity: 'error' },
    { message: 'two', hint: 'cure two', severity: 'error' },
  ])
  expect(await terminal.run('create')).toBe(3)
  expect(terminal.err).toBe('error: one\n  hint: cure one\nerror: two\n  hint: cure two\n')
})

test('a half created cluster is kept, and the user told how to go on', async () => {
  terminal.clusters.duringCreate = () =>
    Promise.reject(new NodeCommandError('x-cp-0', ['kubeadm', 'init'], 1, 'etcd is not healthy\n'))
  expect(await terminal.run('create', 'x', '--context', 'my host')).toBe(5)
  expect(terminal.err).toContain(
    "run the same command again to go on, or `knest delete x -n knest-x --context 'my host'`",
  )
  expect(terminal.err).toContain(
    'etcd is not healthy\nerror: kubeadm failed on node "x-cp-0" with exit code 1\n',
  )
})

const failures = [
  new NodeCommandError('x-cp-0', ['kubeadm', 'init'], 1, ''),
  ...(['timeout', 'host-unreachable', 'prerequisite', 'not-permitted'] as const).map(
    (code) => new KnestError(code, code),
  ),
]

describe.each(failures.map((error) => [error.code, error] as const))(
  'a create that fails by %s',
  (_, error) => {
    beforeEach(() => {
      terminal.clusters.duringCreate = () => Promise.reject(error)
    })

    test.each([
      ['without a word', []],
      ['with --retain', ['--retain']],
    ])('keeps what it made, %s', async (_what, flags) => {
      expect(await terminal.run('create', 'x', ...flags)).not.toBe(0)
      expect(terminal.clusters.changes).toEqual(['create knest-x/x'])
      expect(terminal.err.match(/^note: what was made is kept; /gm)).toHaveLength(1)
    })

    test('removes what it made with --rollback', async () => {
      expect(await terminal.run('create', 'x', '--rollback')).not.toBe(0)
      expect(terminal.clusters.changes).toEqual(['create knest-x/x', 'delete knest-x/x'])
      expect(terminal.err).toMatch(/^note: .*cluster "x" is removed again \(--rollback\)$/m)
      expect(terminal.err).not.toContain('is kept')
      expect(terminal.err).toContain(`error: ${error.message}\n`)
    })

    test('removes nothing that was there before', async () => {
      terminal.clusters.duringCreate = () => Promise.resolve()
      await terminal.run('create', 'x', '--no-merge')
      const made = terminal.clusters.clusters.get('knest-x/x')
      terminal.clusters.add(fakeStatus({ name: 'x', phase: 'Creating' }), made?.spec)
      terminal.clusters.duringCreate = () => Promise.reject(error)
      expect(await terminal.run('create', 'x', '--rollback')).not.toBe(0)
      expect(terminal.clusters.changes).not.toContain('delete knest-x/x')
      expect(terminal.err).toContain('cluster "x" was there before: it is kept')
    })
  },
)

test('a create that is somebody else’s now is not rolled back', async () => {
  terminal.clusters.duringCreate = () => Promise.reject(new KnestError('conflict', 'taken over'))
  expect(await terminal.run('create', 'x', '--rollback')).toBe(4)
  expect(terminal.clusters.changes).toEqual(['create knest-x/x'])
})

test('a rollback that fails says so, and the create’s own error stays the last word', async () => {
  terminal.clusters.duringCreate = () => {
    terminal.clusters.delete = () => Promise.reject(new KnestError('host-unreachable', 'no answer'))
    return Promise.reject(new KnestError('timeout', 'waited too long'))
  }
  expect(await terminal.run('create', 'x', '--rollback')).toBe(6)
  expect(terminal.err).toContain(
    'warning: cluster "x" was not removed: no answer; remove it with `knest delete x -n knest-x`\nerror: waited too long\n',
  )
})

test.each([
  ['pod/job', [], 'default'],
  ['po/job', ['-n', 'team'], 'team'],
  ['pod/ci/job', ['-n', 'team'], 'ci'],
])('--delete-with %s %j records the pod as it is', async (pod, flags, namespace) => {
  terminal.clusters.pods.add(`${namespace}/job`)
  expect(await terminal.run('create', 'x', '--no-merge', '--delete-with', pod, ...flags)).toBe(0)
  const uid = `uid of ${namespace}/job`
  expect(terminal.clusters.lastSpec?.deleteWith).toEqual({ kind: 'Pod', namespace, name: 'job', uid })
})

test('a timeout is exit code 6', async () => {
  terminal.clusters.duringCreate = () => Promise.reject(new KnestError('timeout', 'waited too long'))
  expect(await terminal.run('create', 'x', '--timeout', '90s')).toBe(6)
  expect(terminal.clusters.lastRun?.timeoutMs).toBe(90_000)
})

test('a bug is exit code 70 with its stack', async () => {
  terminal.clusters.fault = new TypeError('x is not a function')
  expect(await terminal.run('create')).toBe(70)
  expect(terminal.err).toMatch(/^error: this is a bug in knest/)
  expect(terminal.err).toContain('TypeError: x is not a function\n    at ')
})

test('-v shows the causes', async () => {
  terminal.clusters.fault = new KnestError('host-unreachable', 'no answer', {
    cause: new Error('ECONNREFUSED'),
  })
  expect(await terminal.run('create', '-v')).toBe(3)
  expect(terminal.err).toBe('error: no answer\ncause: ECONNREFUSED\n')
})

test('Ctrl-C ends cleanly and says what there is and what can be done', async () => {
  terminal.clusters.duringCreate = async ({ signal }) => {
    terminal.clusters.add(fakeStatus({ name: 'x', phase: 'Creating' }))
    await interrupted(signal)
  }
  expect(await terminal.run('create', 'x', '-n', 'knest-x')).toBe(130)
  expect(terminal.out).toBe('')
  expect(terminal.err).toContain('stopping; Ctrl-C again leaves at once')
  expect(terminal.err).toContain(
    'error: interrupted: cluster "x" in namespace "knest-x" is Creating with 2 of 2 nodes, 1 Ready\n' +
      'hint: run the same command again to go on, or remove it with `knest delete x -n knest-x`\n',
  )
  expect(terminal.exitedAtOnce).toBe(0)
})

test('Ctrl-C before anything is there says so', async () => {
  terminal.clusters.duringPreflight = ({ signal }) => interrupted(signal)
  expect(await terminal.run('create', 'x')).toBe(130)
  expect(terminal.err).toContain('error: interrupted: there is no cluster "x" in namespace "knest-x"\n')
})

test('the second Ctrl-C leaves at once', async () => {
  terminal.clusters.duringCreate = ({ signal }) => {
    const ended = interrupted(signal)
    terminal.signal('SIGTERM')
    return ended
  }
  await terminal.run('create', 'x')
  expect(terminal.exitedAtOnce).toBe(1)
})

test('a cluster that this machine cannot reach is offered by shell', async () => {
  terminal.clusters.reachable = false
  await terminal.run('create', 'x')
  expect(terminal.err).toContain('cannot reach https://10.0.0.1:30443; use `knest shell x`')
})

/** Sends SIGINT and ends as core does. */
function interrupted(signal: AbortSignal): Promise<never> {
  terminal.signal()
  return Promise.reject(signal.reason as Error)
}

test('--timing shows what ran when, --timing-svg writes it as a chart', async () => {
  expect(await terminal.run('create', 'a', '--timing', '--timing-svg', 'times.svg')).toBe(0)
  expect(terminal.out).toBe('cluster "a" created\n')
  expect(terminal.err).toMatch(/^STEP +START +END +TIME +CRITICAL\n\(between steps\) +0.0s +1.0s/m)
  expect(terminal.err).toMatch(/^Create nodes +1.0s +9.0s +8.0s +8.0s$/m)
  expect(terminal.files.get('times.svg')).toContain('knest create a: 12.0s')
})

test('a chart that cannot be written is said before anything is made', async () => {
  expect(await terminal.run('create', 'a', '--timing-svg', 'no/times.svg')).toBe(2)
  expect(terminal.err).toContain('the chart cannot be written to "no/times.svg": no such folder')
  expect(terminal.clusters.changes).toEqual([])
})

test.each([
  ['a cluster that is made', undefined, 0, 'create knest-a/a'],
  ['a failure', new KnestError('timeout', 'took long'), 6, 'error: took long'],
])('a chart that finds no room behind the work does not hide %s', async (_what, fault, code, outcome) => {
  terminal.clusters.duringCreate = () => (fault === undefined ? Promise.resolve() : Promise.reject(fault))
  const deps = terminal.deps()
  const writeFile = (_path: string, text: string): Promise<void> =>
    text === '' ? Promise.resolve() : Promise.reject(new Error('ENOSPC'))
  expect(await main(['create', 'a', '--timing-svg', 'full'], { ...deps, writeFile })).toBe(code)
  expect(terminal.err).toContain('warning: the chart cannot be written to "full": ENOSPC\n')
  expect([terminal.err, ...terminal.clusters.changes].join('\n')).toContain(outcome)
})
