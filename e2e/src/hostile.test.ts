import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { listNames, never, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest, type Outcome } from './support/knest.js'
import { secondsUntil } from './support/until.js'
import { addContainers, addressForHost } from './support/webhook.js'

/** A host that says no: what is in the namespace before, and what is said of it before anything is made. */
interface Hostile {
  readonly name: string
  /** Objects of the namespace, or of the whole host. */
  readonly there?: (namespace: string) => readonly KubeObject[]
  readonly labels?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
  readonly code: number
  /** Each is said once, by a line and the hint behind it. */
  readonly says: readonly RegExp[]
}

const core = (kind: string, name: string, spec: object) => (namespace: string) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace },
  spec,
})
const range = (...limits: object[]) => core('LimitRange', 'sizes', { limits })
const quota = (hard: object) => core('ResourceQuota', 'few', { hard })

/** Forbids objects of a resource in the one namespace. */
function policy(group: string, resource: string, message: string) {
  return (namespace: string): readonly KubeObject[] => {
    const apiVersion = 'admissionregistration.k8s.io/v1'
    const metadata = { name: `${namespace}-${resource}` }
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } }
    const rule = { apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE'], resources: [resource] }
    const matchConstraints = { namespaceSelector: selector, resourceRules: [rule] }
    const validations = [{ expression: 'false', message }]
    return [
      {
        apiVersion,
        kind: 'ValidatingAdmissionPolicy',
        metadata,
        spec: { failurePolicy: 'Fail', matchConstraints, validations },
      },
      {
        apiVersion,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata,
        spec: { policyName: metadata.name, validationActions: ['Deny'] },
      },
    ]
  }
}

const nothing: Outcome = { code: null, signal: null, stdout: '', stderr: '' }

/** Each case has a namespace of its own, so that all are met at once. */
function namespaceOf(index: number): string {
  return `e2e-hostile-${index}`
}

const nodePort = ['--control-plane-endpoint-service-type', 'NodePort']

const cases: readonly Hostile[] = [
  { name: 'nothing is in the way', code: 0, says: [/^no problems found/] },
  {
    name: 'a limit range of less memory',
    there: (namespace) => [range({ type: 'Container', max: { memory: '2Gi' } })(namespace)],
    code: 3,
    says: [
      /LimitRange "sizes" .* allows memory of at most 2Gi .*\n.*--control-plane-machine-memory-size 2Gi and --worker-machine-memory-size 2Gi/,
    ],
  },
  {
    name: 'a limit range of smaller disks',
    there: (namespace) => [range({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } })(namespace)],
    flags: ['--persistent'],
    code: 3,
    says: [/allows storage of at most 1Gi .*\n.*--worker-machine-rootfs-size 1Gi/],
  },
  {
    name: 'a limit range by whose default a node would be evicted',
    there: (namespace) => [
      range({ type: 'Container', default: { 'ephemeral-storage': '600Mi' } })(namespace),
    ],
    code: 0,
    says: [/^warning: .*ephemeral-storage limit of 600Mi: .*all that was on it is lost\n.*--persistent/m],
  },
  {
    name: 'quotas',
    there: (namespace) => [
      quota({ pods: 1, 'limits.memory': '6Gi', secrets: 1, 'services.nodeports': 0 })(namespace),
    ],
    flags: nodePort,
    code: 3,
    says: [
      /room for pods of 1 .*\n.*--worker-machine-count/,
      /room for limits\.memory of 6Gi .* needs 8Gi\n.*--worker-machine-memory-size/,
      /room for secrets of 1 .*needs 2\n/,
      /room for services\.nodeports of 0 .*\n.*--control-plane-endpoint-service-type ClusterIP/,
    ],
  },
  {
    name: 'Pod Security',
    labels: { 'pod-security.kubernetes.io/enforce': 'baseline' },
    code: 3,
    says: [/admits only baseline pods.*\n.*kubectl label --overwrite namespace/],
  },
  {
    name: 'policies on two kinds of objects',
    there: (namespace) => [
      ...policy('apps', 'statefulsets', 'no sets here')(namespace),
      ...policy('', 'secrets', 'no secrets here')(namespace),
    ],
    code: 3,
    says: [
      /does not admit the StatefulSets of control planes and pool "worker": .*no sets here/,
      /does not admit Secret .*no secrets here/,
    ],
  },
  {
    name: 'everything at once',
    there: (namespace) => [
      range({ type: 'Container', max: { memory: '2Gi' } })(namespace),
      quota({ pods: 1 })(namespace),
      ...policy('', 'pods', 'no pods here')(namespace),
    ],
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    flags: ['--worker-machine-memory-size', '1000Gi', '--storage-class', 'absent', '--persistent'],
    code: 3,
    says: [
      /admits only restricted pods/,
      /does not admit the pods of control planes and pool "worker": .*no pods here/,
      /allows memory of at most 2Gi .* the pods of control planes ask for 4Gi/,
      /allows memory of at most 2Gi .* the pods of pool "worker" ask for 1000Gi/,
      /room for pods of 1/,
      /no StorageClass "absent"/,
      /may use 1000Gi of memory each, and the largest node of the host has/,
    ],
  },
]

describe('a host that says no', () => {
  let home: TestHome
  let host: KubeApi
  const made: KubeObject[] = []
  const outcomes = new Map<string, Outcome>()

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    await Promise.all(
      cases.map(async (one, index) => outcomes.set(one.name, await meet(one, namespaceOf(index)))),
    )
  })
  afterAll(async () => {
    // Namespaces last: what they hold goes with them.
    for (const { apiVersion, kind, metadata } of [...made].reverse())
      await host.delete({ apiVersion, kind }, metadata.name, metadata.namespace, { signal: never })
    host.close()
    home.remove()
  })

  const make = async (object: KubeObject): Promise<void> => {
    await host.create(object, { signal: never })
    made.push(object)
  }
  const makeNamespace = async (name: string, labels: Hostile['labels'] = {}): Promise<void> =>
    make({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  const preflight = (namespace: string, flags: readonly string[] = []): Promise<Outcome> =>
    runKnest(home, ['preflight', 'q', '-n', namespace, '--context', hostContext, ...flags])

  /** What is said where the host is so. A policy holds a moment after it was made. */
  const meet = async ({ there, labels, flags, code, says }: Hostile, namespace: string): Promise<Outcome> => {
    await makeNamespace(namespace, labels)
    for (const object of there?.(namespace) ?? []) await make(object)
    const ends = Date.now() + 60_000
    for (;;) {
      const outcome = await preflight(namespace, flags)
      const isSaid = outcome.code === code && says.every((one) => one.test(outcome.stdout))
      if (isSaid || Date.now() > ends) return outcome
    }
  }

  it.each(cases)('$name', ({ name, code, says }) => {
    const { stdout, stderr, code: ended } = outcomes.get(name) ?? nothing
    for (const one of says) expect(stdout).toMatch(one)
    expect(ended).toBe(code)
    const lines = stdout.match(/^(error|warning): .*$/gm) ?? []
    expect(new Set(lines).size, stdout).toBe(lines.length)
    expect(lines, stdout).toHaveLength(stdout.startsWith('no problems') ? 0 : says.length)
    expect(`${stdout}${stderr}`).not.toMatch(/^\s+at /m)
  })

  it('nothing was made by any of it', async () => {
    const found = cases.map(async (_, index) => {
      const kinds = ['Secret', 'Service', 'Pod', 'PersistentVolumeClaim']
      return Promise.all(kinds.map((kind) => listNames(host, kind, namespaceOf(index))))
    })
    expect((await Promise.all(found)).flat(2)).toEqual([])
  })

  describe('with nodes that take no pods', () => {
    const nodeKind = { apiVersion: 'v1', kind: 'Node' }

    it.each([
      ['cordoned', { unschedulable: true }, { unschedulable: null }, /cordoned\n.*kubectl uncordon/],
      [
        'tainted',
        { taints: [{ key: 'dedicated', value: 'infra', effect: 'NoSchedule' }] },
        { taints: null },
        /with taint dedicated=infra:NoSchedule\n.*kubectl taint nodes .*toleration/,
      ],
    ])('%s', async (_title, spec, undone, says) => {
      const nodes = await host.list(nodeKind, { signal: never })
      const patch = async (change: object): Promise<void> => {
        for (const { metadata } of nodes)
          await host.patch(nodeKind, metadata.name, undefined, { spec: change }, { signal: never })
      }
      try {
        await patch(spec)
        const outcome = await preflight('knest-q')
        expect(outcome.stdout).toMatch(says)
        expect(outcome.code, outcome.stderr).toBe(3)
        expect(outcome.stdout.match(/^error: /gm)).toHaveLength(1)
      } finally {
        await patch(undone)
      }
    })
  })

  it('a container that a webhook puts before the node, and that is never ready, is not the node', async (context) => {
    const address = await addressForHost(host)
    if (address === undefined) {
      console.warn('skipped: the host is another machine, which does not reach a webhook of this process')
      context.skip()
      return
    }
    const [name, namespace] = ['e2e-beside', 'e2e-hostile-beside']
    await makeNamespace(namespace, { 'pod-security.kubernetes.io/enforce': 'privileged' })
    const containers = [{ name: 'a-proxy', image: 'localhost/knest/absent:v1', imagePullPolicy: 'Never' }]
    const webhook = await addContainers(host, home, { namespace, address, containers })
    const knest = (...args: readonly string[]): Promise<Outcome> =>
      runKnest(home, [...args, '-n', namespace, '--context', hostContext])
    try {
      await secondsUntil(
        async () => (await preflight(namespace)).stdout.includes('adds container "a-proxy"'),
        60,
        'the webhook',
      )
      const created = await knest('create', name, '--worker-machine-count', '0', '--timeout', '5m')
      expect(created.code, created.stderr).toBe(0)
      const status = await knest('status', name, '-o', 'json')
      const { phase, problems } = JSON.parse(status.stdout) as {
        phase: string
        problems: readonly { message: string }[]
      }
      expect(phase).toBe('Ready')
      expect(problems.map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /^the pod of node "e2e-beside-cp-0": container "a-proxy", which knest did not make: ErrImageNeverPull/,
        ),
      ])
      const shown = await runKnest(home, [
        'ssh',
        name,
        `${name}-cp-0`,
        '-n',
        namespace,
        '--context',
        hostContext,
        '--',
        'hostname',
      ])
      expect(shown.stdout.trim(), shown.stderr).toBe(`${name}-cp-0`)
      const nodes = await runKnest(home, [
        'shell',
        name,
        '-n',
        namespace,
        '--context',
        hostContext,
        '--',
        'kubectl',
        'get',
        'nodes',
        '-o',
        'name',
      ])
      expect(nodes.stdout.trim(), nodes.stderr).toBe(`node/${name}-cp-0`)
      const scaled = await knest('scale', name, '1:1', '--timeout', '5m')
      expect(scaled.code, scaled.stderr).toBe(0)
    } finally {
      await knest('delete', name, '--ignore-not-found')
      await webhook.close()
    }
  })
})
