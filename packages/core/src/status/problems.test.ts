import { describe, expect, test } from 'vitest'
import type { CertificateStatus, ClusterCertificates, EtcdMemberStatus } from '../contracts/clusters.js'
import type { NodeBackend } from '../contracts/node-backend.js'
import { certificateStatus } from './certificates.js'
import { observedConditions, type Observed } from './conditions.js'
import { fakeHostNode, fakeRecord } from './fake-parts.js'
import { makeCondition } from '../contracts/condition.js'
import { nodeSummaries } from './nodes.js'
import { notAccepted } from './not-accepted.js'
import { statusProblems } from './problems.js'
import { scaleCommand } from '../phases/index.js'

const backend = { name: 'pod' } as NodeBackend
const names = ['q-cp-0', 'q-cp-1', 'q-cp-2']
const now = new Date('2026-01-01T00:00:00Z')
const certificates: CertificateStatus = certificateStatus(
  {
    value: { renewBeforeDays: 30, certificates: [], authorities: [], unfinished: [], problems: [] },
    problem: undefined,
  },
  now,
)

function members(...silent: readonly string[]): readonly EtcdMemberStatus[] {
  const majority = silent.length < 2
  return names.map((name, index) => ({
    id: String(index),
    name,
    healthy: majority && !silent.includes(name),
    leader: false,
    learner: false,
    dbSizeBytes: silent.includes(name) ? undefined : 1,
  }))
}

test.each([
  ['Paused', 'if no pause is running, go on with `knest pause q -n knest-q`'],
  ['Kept', 'if no delete is running, go on with `knest delete q --keep-data -n knest-q`'],
] as const)('a cluster that is %s and has nodes names the command that goes on', (phase, hint) => {
  const there = observed({ persistent: true })
  const record = { ...there.record, name: 'q', phase }
  const [problem, ...others] = statusProblems({ ...there, record }, certificates)
  expect(problem?.hint).toBe(hint)
  expect(problem?.message).toContain('"q-cp-0", "q-cp-1", "q-cp-2" run')
  expect(others).toEqual([])
  const hostNodes = there.hostNodes.map((node) => ({ ...node, phase: 'pending' as const }))
  expect(statusProblems({ ...there, record, hostNodes }, certificates).map((one) => one.hint)).not.toContain(
    hint,
  )
})

interface Case {
  readonly silent?: readonly string[]
  readonly away?: string
  readonly empty?: string
  readonly persistent?: boolean
  readonly unregistered?: string
}

function observed({ silent = [], away, empty, persistent = false, unregistered }: Case): Observed {
  const record = fakeRecord({ controlPlanes: 3, workers: 0, persistence: { enabled: persistent } })
  const hostNodes = names.map((name) => ({
    ...fakeHostNode(name, name === away ? { phase: 'pending', ready: false, reason: 'Unschedulable' } : {}),
    backend,
  }))
  const emptyDisks = new Set(empty === undefined ? [] : [empty])
  const status = {
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: { kubeletVersion: 'v1.36.0' },
  }
  const nodes = nodeSummaries({
    record,
    hostNodes,
    members: {
      value: names
        .filter((name) => name !== unregistered)
        .map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name }, status })),
      problem: undefined,
    },
    reservations: { value: new Map(), problem: undefined },
    emptyDisks,
  })
  return {
    record,
    hostNodes,
    nodes,
    emptyDisks,
    clocks: new Map(),
    etcd: { members: members(...silent), problem: undefined },
    apiProblem: undefined,
  }
}

const told = (found: Observed): string =>
  statusProblems(found, certificates)
    .map(({ message, hint }) => `${message} | ${hint}`)
    .join('\n')

describe('a dead control plane of three', () => {
  test('all is well: nothing is told', () => {
    expect(told(observed({}))).toBe('')
  })

  test('its disk went with it', () => {
    expect(told(observed({ silent: ['q-cp-1'], empty: 'q-cp-1' }))).toBe(
      'etcd member "q-cp-1" does not answer; the others go on without it | `knest scale q 3:0 -n knest-q` replaces it',
    )
  })

  test('its pod waits, and its disk is persistent', () => {
    expect(told(observed({ silent: ['q-cp-1'], away: 'q-cp-1', persistent: true }))).toMatch(
      /it comes back by itself when its node runs; if its disk is lost, `knest scale q 3:0 -n knest-q` replaces it$/,
    )
  })

  test('it runs, with its disk', () => {
    expect(told(observed({ silent: ['q-cp-1'] }))).toMatch(/its node runs; .*\/var\/log\/pods/)
  })

  test('two are away: no majority, and only these are named', () => {
    const found = { ...observed({ silent: ['q-cp-1', 'q-cp-2'] }), apiProblem: 'no control plane is ready' }
    expect(told(found)).toMatch(
      /^etcd has no majority.*of 3 members "q-cp-1", "q-cp-2" do not answer \| .* when 2 of them run/,
    )
    expect(told(found).split('\n')).toHaveLength(1)
    expect(observedConditions(found)).toContainEqual(
      expect.objectContaining({ type: 'EtcdHealthy', status: 'False', reason: 'NoQuorum' }),
    )
  })
})

test('a control plane that etcd has removed is told, with the command that has it join again', () => {
  const there = observed({})
  const etcd = { ...there.etcd, members: there.etcd.members.slice(0, 2) }
  expect(told({ ...there, etcd })).toBe(
    'control plane "q-cp-2" runs and is no member of etcd: its removal did not come to its end | `knest scale q 3:0 -n knest-q` has it join again',
  )
  expect(told({ ...observed({ empty: 'q-cp-2' }), etcd })).toMatch(/has lost its disk/)
})

test('a node that runs without a Node object is told, with the command that has it register', () => {
  expect(told(observed({ unregistered: 'q-cp-1' }))).toBe(
    'node "q-cp-1" runs, and the cluster has no Node object of it | if that does not change by itself, `knest scale q 3:0 -n knest-q` has it register again',
  )
  expect(told(observed({ unregistered: 'q-cp-1', empty: 'q-cp-1' }))).toMatch(/has lost its disk/)
  expect(told(observed({ unregistered: 'q-cp-1', away: 'q-cp-1' }))).not.toMatch(/no Node object/)
})

describe('a majority whose disks are gone', () => {
  const two = ['q-cp-1', 'q-cp-2']
  const lost = (more: Partial<Observed> = {}): Observed => {
    const there = observed({ silent: two })
    return { ...there, apiProblem: 'no answer', emptyDisks: new Set(two), ...more }
  }
  const creating = { ...lost().record, phase: 'Creating' as const }
  const alone = lost({
    hostNodes: lost().hostNodes.slice(0, 1),
    nodes: lost().nodes.slice(0, 1),
    emptyDisks: new Set(),
  })

  test.each<[string, Observed, RegExp]>([
    ['of a cluster', lost(), /restore a snapshot of etcd, or remove .*`knest delete q -n knest-q`/],
    ['of one that is not created', lost({ record: creating }), /cannot go on: remove .*`knest delete q -n/],
    ['without a node', lost({ hostNodes: lost().hostNodes.slice(0, 1), emptyDisks: new Set() }), /restore/],
    ['without those that were to go', alone, /restore/],
  ])('%s is an error that names the way on', (_, found, hint) => {
    const [problem, ...others] = statusProblems(found, certificates)
    expect(problem?.severity).toBe('error')
    expect(problem?.message).toContain('of 3 members "q-cp-1", "q-cp-2" have no disk any more')
    expect(problem?.hint).toMatch(hint)
    expect(others.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  test.each<[string, Observed, RegExp]>([
    ['they began it and are away for a moment', lost({ begunDisks: new Set(two) }), /goes on by itself/],
    [
      'they are nodes of others',
      {
        ...alone,
        etcd: {
          ...alone.etcd,
          members: alone.etcd.members.map((member) => ({
            ...member,
            name: member.name.replace(/^q-cp-[12]/, 'by-hand'),
          })),
        },
      },
      /goes on by itself/,
    ],
    ['one of them may come back', lost({ emptyDisks: new Set(['q-cp-1']) }), /goes on by itself/],
    [
      'nothing is set up, and all begin anew',
      lost({ record: creating, emptyDisks: new Set(names) }),
      /run it again with the same settings/,
    ],
  ])('is none when %s', (_, found, hint) => {
    expect(statusProblems(found, certificates)[0]?.hint).toMatch(hint)
  })
})

test('a cluster whose creation is unfinished and whose authorities are gone is told so first', () => {
  const authorities = { severity: 'error', message: 'gone', hint: 'delete it' } as const
  const there = observed({})
  const record = { ...there.record, phase: 'Creating' as const }
  expect(statusProblems({ ...there, record, authorities }, certificates)).toEqual([authorities])
})

describe('what a controller does not accept', () => {
  const there = observed({})
  const asked = (phase: 'Ready' | 'Creating', reason: string, isBegun = true): string =>
    told({
      ...there,
      record: {
        ...there.record,
        ...{ phase, desiredSpec: isBegun ? there.record.spec : undefined },
        conditions: [makeCondition('Accepted', 'False', reason, 'the version is not known')],
      },
    })

  test.each([
    [
      'of a cluster that is there',
      asked('Ready', 'Refused'),
      /^cluster "q" stays as it is: the version is not known \| change .*`kubectl edit nestedcluster q -n knest-q`/,
    ],
    [
      'before anything was begun: no command goes on with it',
      asked('Creating', 'Refused', false),
      /^cluster "q" is not made: the version is not known \| change [^\n]*$/,
    ],
    ['beside what has begun', asked('Creating', 'Refused'), /\n*cluster "q" stays as it is: /],
    [
      'for want of a right',
      asked('Ready', 'NotPermitted'),
      / \| the controller goes on by itself when it may$/,
    ],
    ['since a change is half-way', asked('Ready', 'HalfWay'), / \| .* by itself when that is done$/],
  ])('is told %s', (_, said, expected) => {
    expect(said).toMatch(expected)
  })

  test('is nothing where it was accepted, or goes', () => {
    const { record } = there
    const of = (phase: 'Ready' | 'Deleting', status: 'True' | 'False') =>
      notAccepted({ ...record, phase, conditions: [makeCondition('Accepted', status, 'Refused', 'no')] })
    expect([of('Ready', 'True'), of('Deleting', 'False')]).toEqual([undefined, undefined])
  })
})

test('a full etcd is told with its cure, and once', () => {
  const found = observed({})
  const full = {
    ...found.etcd,
    members: found.etcd.members.map((each) => ({ ...each, alarms: ['NOSPACE'] })),
  }
  expect(told({ ...found, etcd: full })).toBe(
    'etcd is full (NOSPACE, 1Mi): the cluster can be read, and takes deletions only | delete what fills it, if it is not gone already; then `knest heal q -n knest-q` gives the room back and has etcd take data again',
  )
  expect(observedConditions({ ...found, etcd: full })).toContainEqual(
    expect.objectContaining({ type: 'EtcdHealthy', status: 'False', reason: 'NoSpace' }),
  )
})

describe('conditions', () => {
  test('one that is as recorded keeps its time', () => {
    const [ready] = observedConditions(observed({}))
    expect(ready).toMatchObject({ type: 'Ready', lastTransitionTime: '2026-01-01T00:01:00Z' })
  })

  test('one that has changed overrules the record', () => {
    expect(observedConditions(observed({ silent: ['q-cp-1'], empty: 'q-cp-1' }))).toMatchObject([
      { type: 'Ready', status: 'False', message: '1 of 3 nodes not Ready: "q-cp-1"' },
      { type: 'APIAvailable', status: 'True' },
      {
        type: 'EtcdHealthy',
        status: 'False',
        reason: 'MemberUnhealthy',
        message: '2 of 3 members are healthy',
      },
    ])
  })
})

describe('certificates', () => {
  const found: ClusterCertificates = {
    renewBeforeDays: 30,
    certificates: [
      {
        node: 'a',
        name: 'late',
        expires: '2026-12-01T00:00:00Z',
        daysLeft: 334,
        ca: 'ca',
        renewedBy: 'knest',
      },
      { node: 'b', name: 'soon', expires: '2026-01-08T00:00:00Z', daysLeft: 7, ca: 'ca', renewedBy: 'knest' },
    ],
    authorities: [{ name: 'ca', expires: '2035-01-01T00:00:00Z', daysLeft: 3287 }],
    unfinished: [],
    problems: [],
  }

  test('the first to end, how many are due, and the cure', () => {
    const status = certificateStatus({ value: found, problem: undefined }, now)
    expect(status.earliest).toEqual({ node: 'b', name: 'soon', expires: '2026-01-08T00:00:00Z', daysLeft: 7 })
    expect(status.endSoon).toBe(1)
    expect(statusProblems(observed({}), status)).toEqual([
      {
        reason: 'CertificatesEndSoon',
        severity: 'warning',
        message: '1 certificate ends within 30 days',
        hint: 'renew with `knest certs q --renew -n knest-q`',
      },
    ])
  })

  test('unknown says why', () => {
    expect(certificateStatus({ value: undefined, problem: 'no answer' }, now)).toMatchObject({
      earliest: undefined,
      problems: ['no answer'],
    })
  })
})

test('the command that heals names the present counts', () => {
  const record = fakeRecord({ controlPlanes: 3, workers: 2 })
  expect(scaleCommand(record)).toBe('`knest scale q 3:2 -n knest-q`')
  const pools = [...record.spec.workers, ...record.spec.workers]
  expect(scaleCommand({ ...record, spec: { ...record.spec, workers: pools } })).toBe(
    '`knest scale q 3: -n knest-q`',
  )
  expect(scaleCommand(fakeRecord({ controlPlanes: 2 }))).toBe('`knest scale q 2:0 --force -n knest-q`')
})

test.each<[string, Record<string, number>, readonly string[]]>([
  ['none', { 'q-cp-0': 29, 'q-cp-1': -29, 'q-cp-2': 0 }, []],
  [
    'one that is behind',
    { 'q-cp-0': -3600, 'q-cp-1': 0 },
    ['the clock of node "q-cp-0" is 3600 s behind this machine\'s'],
  ],
  [
    'one that is ahead',
    { 'q-cp-0': 30, 'q-cp-1': 0 },
    ['the clock of node "q-cp-0" is 30 s ahead of this machine\'s'],
  ],
  [
    'all of them, alike',
    { 'q-cp-0': 60, 'q-cp-1': 62 },
    ['this machine\'s clock differs from that of every node of cluster "q" by 60 s'],
  ],
  [
    'all of them, differently',
    { 'q-cp-0': 60, 'q-cp-1': -60 },
    [
      'the clock of node "q-cp-0" is 60 s ahead of this machine\'s',
      'the clock of node "q-cp-1" is 60 s behind this machine\'s',
    ],
  ],
])('clocks of nodes that differ are told: %s', (_, clocks, messages) => {
  const there = { ...observed({}), clocks: new Map(Object.entries(clocks)) }
  expect(statusProblems(there, certificates).map(({ message }) => message)).toEqual(messages)
})
