import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterRules, hostRules, reservationRules } from '@knest/controller'
import { execText, openKube } from 'knest/kube'
import type { KubeApi, KubeObject } from 'knest'
import { isReady, never, openHost, within } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { expectInventory, inventory, quietInventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { killNode, podKind } from './support/nodes.js'
import { quicklyNoticed } from './support/quickly-noticed.js'
import { readProof, writeProof, written } from './support/proof.js'
import { lastHeartbeat } from './support/ready-nodes.js'
import { secondsUntil } from './support/until.js'
import { parse, parseAllDocuments, stringify } from 'yaml'

const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
const system = 'knest-system'

let home: TestHome
let host: KubeApi
let before: readonly string[]

// It waits beside the other tests, which take long enough by themselves.
const waitingName = 'e2e-no-cni'
const isLong = process.env.KNEST_TEST_LONG !== undefined
const waitingSeconds = isLong ? 600 : 70
if (!isLong)
  console.log(
    'skipped: a worker whose kubelet is gone for good: hack/test --long has time for it; a control plane is replaced',
  )
let waiting: {
  readonly createdAt: number
  readonly api: KubeApi
  readonly nodes: readonly (string | undefined)[]
}

/** The host cannot run its nodes. */
const stuckName = 'e2e-stuck'

/** Its time is over long before the last test, which looks. */
const endingName = 'e2e-ending'

/** Deleted with a pod, which no node of the host runs. */
const ownedName = 'e2e-owned'
const owner = { name: 'e2e-owner', namespace: 'default' }

/** A create that is killed as soon as there is a node. */
async function createKilled(...words: readonly string[]): Promise<void> {
  const killed = await runKnest(home, ['create', ...words, '--context', hostContext], {
    onStderr: (text, child) => {
      if (/Create node .*: done/.test(text)) child.kill('SIGKILL')
    },
  })
  expect(killed.signal, killed.stderr).toBe('SIGKILL')
}

async function uidsOfNodes(api: KubeApi): Promise<readonly (string | undefined)[]> {
  return (await api.list(nodeKind, { signal: never })).map(({ metadata }) => metadata.uid)
}

/** Since when the pod's container runs. */
function startOf(pod: KubeObject | undefined): string | undefined {
  const { containerStatuses = [] } = (pod?.status ?? {}) as {
    containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt: string } } }[]
  }
  return containerStatuses[0]?.state?.running?.startedAt
}

beforeAll(async () => {
  home = createHome()
  host = await openHost(home)
  before = await quietInventory(host)
  await knest(home, 'host', 'install', 'controller', '--timeout', '2m')
  const spec = {
    nodeSelector: { 'knest.dev/no-such-node': '' },
    containers: [{ name: 'job', image: 'localhost/none' }],
  }
  await host.create({ apiVersion: 'v1', kind: 'Pod', metadata: owner, spec }, { signal: never })
  await Promise.all([
    createKilled(endingName, '--ttl', '1m'),
    createKilled(ownedName, '--delete-with', `pod/${owner.namespace}/${owner.name}`),
  ])
  await knest(home, 'create', waitingName, '--cni', 'none', '--unhealthy-after', '30s')
  const api = await openKube({ kubeconfigText: await knest(home, 'kubeconfig', waitingName) })
  waiting = { createdAt: Date.now(), api, nodes: await uidsOfNodes(api) }
})

afterAll(async () => {
  waiting.api.close()
  await host.delete({ apiVersion: 'v1', kind: 'Pod' }, owner.name, owner.namespace, { signal: never })
  for (const name of [waitingName, stuckName, endingName, ownedName])
    await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
  await knest(home, 'host', 'uninstall', 'controller')
  await expectInventory(host, before)
  host.close()
  home.remove()
})

/** The host, with the controller's own token: what a thief of it could do. */
async function openAsController(): Promise<KubeApi> {
  const path = `/api/v1/namespaces/${system}/serviceaccounts/knest-controller/token`
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  const answer = await host.raw(path, never, { method: 'POST', body })
  const { token } = (JSON.parse(answer.body) as { status: { token: string } }).status
  const config = parse(readFileSync(home.kubeconfig, 'utf8')) as {
    contexts: { name: string; context: { user: string } }[]
    users: { name: string; user: object }[]
  }
  const admin = config.contexts.find(({ name }) => name === hostContext)?.context.user
  for (const entry of config.users) if (entry.name === admin) entry.user = { token }
  return openKube({ kubeconfigText: stringify({ ...config, 'current-context': hostContext }) })
}

describe('the rights of the controller', () => {
  const subject = `system:serviceaccount:${system}:knest-controller`
  const everyVerb = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
  const rightOf = (verb: string, group: string, resource: string): string => `${verb} ${group} ${resource}`
  /** What would make it the master of the host, and what it has no business with. */
  const foreign = [
    ...everyVerb.map((verb) => rightOf(verb, 'rbac.authorization.k8s.io', 'clusterroles')),
    ...everyVerb.map((verb) => rightOf(verb, 'rbac.authorization.k8s.io', 'clusterrolebindings')),
    ...everyVerb.map((verb) => rightOf(verb, '', 'persistentvolumes')),
    ...everyVerb.map((verb) => rightOf(verb, 'certificates.k8s.io', 'certificatesigningrequests')),
    rightOf('bind', 'rbac.authorization.k8s.io', 'clusterroles'),
    rightOf('escalate', 'rbac.authorization.k8s.io', 'clusterroles'),
    rightOf('create', '', 'serviceaccounts/token'),
    rightOf('update', '', 'pods/ephemeralcontainers'),
    rightOf('get', '', 'nodes/proxy'),
    ...['users', 'groups', 'serviceaccounts'].map((who) => rightOf('impersonate', '', who)),
    rightOf('*', '*', '*'),
  ]
  let asController: KubeApi
  beforeAll(async () => {
    asController = await openAsController()
  })
  afterAll(() => asController.close())

  const mayController = async (right: string, namespace: string): Promise<boolean> => {
    const [verb, group, resource = ''] = right.split(' ')
    const [kind = '', subresource] = resource.split('/')
    const review = await host.create(
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: { name: '' },
        spec: {
          user: subject,
          groups: ['system:serviceaccounts', 'system:authenticated'],
          resourceAttributes: { verb, group, resource: kind, subresource, namespace },
        },
      },
      { signal: never },
    )
    return (review.status as { allowed: boolean }).allowed
  }

  it.each([
    ['default', []],
    ['kube-system', reservationRules],
    [`knest-${waitingName}`, clusterRules],
  ] as const)('are in namespace %s those of its lists, and no others', async (namespace, there) => {
    const rightsIn = (rules: typeof hostRules): readonly string[] =>
      rules
        .filter(({ resourceNames }) => resourceNames === undefined)
        .flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) => verbs.map((verb) => rightOf(verb, group, resource))),
          ),
        )
    const allowed = new Set(rightsIn([...hostRules, ...there]))
    const kinds = [...rightsIn([...hostRules, ...reservationRules, ...clusterRules]), ...allowed].map(
      (right) => right.slice(right.indexOf(' ')),
    )
    const asked = new Set([...allowed, ...foreign])
    for (const kind of new Set(kinds)) for (const verb of everyVerb) asked.add(`${verb}${kind}`)
    const found = await Promise.all(
      [...asked].map(async (right) => ((await mayController(right, namespace)) ? [right] : [])),
    )
    expect(found.flat().sort()).toEqual([...allowed].sort())
  })

  it('end at namespaces without nested clusters: no Secret, no command, no deletion', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret' }
    const namespace = { apiVersion: 'v1', kind: 'Namespace' }
    const [pod] = await host.list(podKind, { namespace: 'kube-system', signal: never })
    const other = { namespace: 'kube-system', name: pod?.metadata.name ?? '' }
    const runTrue = async (pod: { namespace: string; name: string }): Promise<number> =>
      (await execText(asController, pod, ['true'], { timeoutMs: 20_000, signal: never })).exitCode
    const refused = [
      asController.list(secret, { signal: never }),
      asController.list(secret, { namespace: 'default', signal: never }),
      asController.list(secret, { namespace: 'kube-system', signal: never }),
      asController.list(secret, { namespace: system, signal: never }),
      runTrue(other),
      asController.delete(podKind, other.name, other.namespace, { signal: never }),
      asController.delete(namespace, 'default', undefined, { signal: never }),
      asController.create({ ...namespace, metadata: { name: 'e2e-never' } }, { signal: never }),
    ]
    for (const answer of await Promise.allSettled(refused))
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'not-permitted' } })
    const [node] = await host.list(podKind, { namespace: `knest-${waitingName}`, signal: never })
    const own = { namespace: `knest-${waitingName}`, name: node?.metadata.name ?? '' }
    expect(await runTrue(own)).toBe(0)
  })

  it('end at what knest did not make, whatever the role says', async () => {
    const namespace = `knest-${waitingName}`
    const kinds = [
      { apiVersion: 'v1', kind: 'Secret' },
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    ]
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } }
    for (const kind of kinds) {
      const rest = kind.kind === 'Secret' ? {} : { spec: claim }
      const metadata = { name: 'e2e-not-knests', namespace }
      const others = await host.apply({ ...kind, metadata, ...rest }, { signal: never })
      await expect(
        asController.patch(
          kind,
          metadata.name,
          namespace,
          { metadata: { labels: { a: 'b' } } },
          { signal: never },
        ),
      ).rejects.toThrow(/changes and deletes only what knest made/)
      await expect(asController.delete(kind, metadata.name, namespace, { signal: never })).rejects.toThrow(
        /changes and deletes only what knest made/,
      )
      expect((await host.get(kind, metadata.name, namespace, never))?.metadata.uid).toBe(others.metadata.uid)
      await host.delete(kind, metadata.name, namespace, { signal: never })
      const own = { name: 'e2e-knests', namespace, labels: { 'knest.dev/cluster': 'q' } }
      await host.apply({ ...kind, metadata: own, ...rest }, { signal: never })
      expect(await asController.delete(kind, own.name, namespace, { signal: never })).toBe(true)
    }
  })

  it('end at the leader elections of others, and at what a cluster asks for', async () => {
    const somebodys = ['e2e-somebodys', 'kube-system'] as const
    const lease = await host.create(
      { ...leaseKind, metadata: { name: somebodys[0], namespace: somebodys[1] }, spec: {} },
      { signal: never },
    )
    const metadata = { name: 'e2e-not-knests', namespace: 'kube-system' }
    const cluster = [waitingName, `knest-${waitingName}`] as const
    const expectRefused = async (attempts: readonly Promise<unknown>[], message: string): Promise<void> => {
      const answers = await Promise.allSettled(attempts)
      for (const answer of answers)
        expect(answer).toMatchObject({
          status: 'rejected',
          reason: { message: expect.stringContaining(message) as string },
        })
    }
    await expectRefused(
      [
        asController.replace(lease, { signal: never }),
        asController.delete(leaseKind, ...somebodys, { signal: never }),
        asController.create({ ...leaseKind, metadata }, { signal: never }),
      ],
      'changes and deletes only what knest made',
    )
    await host.delete(leaseKind, ...somebodys, { signal: never })
    await expectRefused(
      [
        asController.delete(clusterKind, ...cluster, { signal: never }),
        asController.patch(clusterKind, ...cluster, { spec: { workers: [] } }, { signal: never }),
      ],
      'changes nothing that a NestedCluster asks for',
    )
  })
})

describe('a cluster that was declared where nobody has bound the controller', () => {
  const name = 'e2e-unbound'
  const namespace = 'e2e-shared'
  interface Condition {
    readonly type?: string
    readonly reason?: string
    readonly message?: string
  }
  const conditionOf = async (type: string): Promise<Condition> => {
    const found = await host.get(clusterKind, name, namespace, never)
    const { conditions = [] } = (found?.status ?? {}) as { conditions?: Condition[] }
    return conditions.find((condition) => condition.type === type) ?? {}
  }
  const namesOf = async (kind: { apiVersion: string; kind: string }): Promise<readonly string[]> =>
    (await host.list(kind, { namespace, signal: never })).map(({ metadata }) => metadata.name)

  it('says so, goes on when it is bound, and leaves no binding', async () => {
    const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
    await host.create({ ...namespaceKind, metadata: { name: namespace, labels } }, { signal: never })
    try {
      const { stdout } = await runKnest(home, [
        'render',
        name,
        '-n',
        namespace,
        '--worker-machine-count',
        '0',
      ])
      const objects = parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject)
      const make = async (kind: string): Promise<void> => {
        for (const object of objects.filter((each) => each.kind === kind))
          await host.create(object, { signal: never })
      }
      await make(clusterKind.kind)
      const isRefused = async (): Promise<boolean> =>
        (await conditionOf('Accepted')).reason === 'NotPermitted'
      await secondsUntil(isRefused, 60, 'the controller to say that it may not')
      expect((await conditionOf('Accepted')).message).toContain('knest host install controller')
      expect(await namesOf(podKind)).toEqual([])
      await make('RoleBinding')
      await secondsUntil(async () => (await namesOf(podKind)).length === 1, 60, 'the controller to go on')
      await host.delete(clusterKind, name, namespace, { signal: never })
      const isGone = async (): Promise<boolean> =>
        (await host.get(clusterKind, name, namespace, never)) === undefined
      await secondsUntil(isGone, 120, 'the cluster to be gone')
      expect(await namesOf({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' })).toEqual([])
      await secondsUntil(async () => (await namesOf(leaseKind)).length === 0, 60, 'its lock to be gone')
    } finally {
      await host.delete(namespaceKind, namespace, undefined, { signal: never })
      const isLeft = async (): Promise<boolean> =>
        (await host.get(namespaceKind, namespace, undefined, never)) !== undefined
      await secondsUntil(async () => !(await isLeft()), 120, 'the namespace to be gone')
    }
  })
})

describe('a cluster that was declared, three control planes and a worker', () => {
  const name = 'e2e-declared'
  const namespace = `knest-${name}`
  const worker = `${name}-worker-0`
  let api: KubeApi
  let asked: unknown
  /** What there was before, the waiting cluster included: of the addresses of its Services nobody knows whose they are. */
  let around: readonly string[]

  const cluster = async (): Promise<KubeObject> => {
    const found = await host.get(clusterKind, name, namespace, never)
    if (found === undefined) throw new Error('there is no such cluster')
    return found
  }
  const phase = async (): Promise<string> => ((await cluster()).status as { phase?: string }).phase ?? 'none'
  const events = (): Promise<readonly KubeObject[]> =>
    host.list(
      { apiVersion: 'v1', kind: 'Event' },
      { namespace, fieldSelector: `involvedObject.kind=${clusterKind.kind}`, signal: never },
    )
  const eventReasons = async (): Promise<readonly string[]> =>
    (await events()).map(({ reason }) => String(reason))
  /** Identity of every Node object, by name. */
  const nodeIds = async (): Promise<ReadonlyMap<string, string>> => {
    const nodes = await api.list(nodeKind, { signal: within(5_000) })
    return new Map(nodes.map(({ metadata }) => [metadata.name, metadata.uid ?? '']))
  }
  const allReady = async (count: number): Promise<boolean> => {
    const nodes = await api.list(nodeKind, { signal: within(5_000) })
    return nodes.length === count && nodes.every(isReady) && (await phase()) === 'Ready'
  }
  /** Somebody holds the cluster's Lease and renews it. */
  const isWorkedOn = async (): Promise<boolean> => {
    const lease = await host.get(leaseKind, `${name}-lock`, namespace, never)
    const { renewTime = '' } = (lease?.spec ?? {}) as { renewTime?: string }
    return Date.now() - Date.parse(renewTime) < 2_000
  }
  /** A controller that waits for nodes the host cannot run makes way for who deletes their cluster. */
  const expectCommandsToComeFirst = async (): Promise<void> => {
    const { stdout } = await runKnest(home, ['render', stuckName])
    for (const document of parseAllDocuments(stdout))
      await host.create(document.toJS() as KubeObject, { signal: never })
    const pods = (): Promise<readonly KubeObject[]> =>
      host.list(podKind, { namespace: `knest-${stuckName}`, signal: never })
    await secondsUntil(async () => (await pods()).length === 2, 60, 'the controller to make its nodes')
    await knest(home, 'delete', stuckName, '--timeout', '60s')
  }
  const killControllers = async (): Promise<void> => {
    for (const { metadata } of await host.list(podKind, { namespace: system, signal: never }))
      await host.delete(podKind, metadata.name, system, { signal: never, gracePeriodSeconds: 0 })
  }
  const controllerLog = async (): Promise<string> => {
    const pods = await host.list(podKind, { namespace: system, signal: never })
    const logs = await Promise.all(
      pods.map(({ metadata: { name: pod } }) =>
        host.raw(`/api/v1/namespaces/${system}/pods/${pod}/log?tailLines=30`, never),
      ),
    )
    return logs.map(({ body }) => body).join('\n')
  }
  const stopKubelet = (node: string): Promise<string> =>
    knest(home, 'ssh', name, node, '--', 'systemctl', 'stop', 'kubelet')

  beforeAll(async () => {
    around = await inventory(host)
    const rendered = await runKnest(home, [
      ...['render', name, '--control-plane-machine-count', '3', '--worker-machine-count', '1'],
      ...['--unhealthy-after', '30s'],
    ])
    const objects = parseAllDocuments(rendered.stdout)
      .map((document) => document.toJS() as KubeObject)
      .map((object) =>
        object.kind === clusterKind.kind
          ? { ...object, spec: { ...(object.spec as object), kubernetes: quicklyNoticed } }
          : object,
      )
    asked = objects.find(({ kind }) => kind === clusterKind.kind)?.spec
    for (const object of objects) await host.create(object, { signal: never })
    // Killed in the middle of it, each time at another step: the next one goes on.
    for (const seconds of [1, 3, 6]) {
      await secondsUntil(isWorkedOn, 60, 'a controller at work')
      await delay(seconds * 1000)
      await killControllers()
    }
    await secondsUntil(async () => (await phase()) === 'Ready', 300, 'the declared cluster to be Ready')
    api = await openKube({ kubeconfigText: await knest(home, 'kubeconfig', name) })
    await writeProof(api)
  }, 600_000)

  afterAll(async () => {
    await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    api.close()
  })

  it('was created as declared by controllers that were killed on the way', async () => {
    expect([...(await nodeIds()).keys()].sort()).toEqual([
      ...[0, 1, 2].map((index) => `${name}-cp-${index}`),
      worker,
    ])
    expect((await cluster()).spec).toEqual(asked)
    const members = async (): Promise<number> => {
      const status = JSON.parse(await knest(home, 'status', name, '-o', 'json')) as {
        etcd: { members: unknown[] }
      }
      return status.etcd.members.length
    }
    // An etcd that gives no answer for a moment has none for status.
    let seen = 0
    await secondsUntil(async () => (seen = await members()) > 0, 60, 'an answer of etcd')
    expect(seen).toBe(3)
    await secondsUntil(async () => (await eventReasons()).includes('Created'), 10, 'an Event')
  })

  it.each([worker, `${name}-cp-1`])(
    'joins %s again when its pod is new, with an empty disk',
    async (node) => {
      const pod = await host.get(podKind, `${node}-0`, namespace, never)
      await killNode(host, namespace, node)
      const started = async (): Promise<string | undefined> => {
        const found = await host.get(podKind, `${node}-0`, namespace, never)
        return found?.metadata.uid === pod?.metadata.uid ? undefined : startOf(found)
      }
      await secondsUntil(async () => (await started()) !== undefined, 60, `the new pod of ${node}`)
      const spoken = async (): Promise<boolean> => {
        const found = await api.get(nodeKind, node, undefined, within(5_000))
        return (
          found !== undefined && isReady(found) && lastHeartbeat(found) >= Date.parse((await started()) ?? '')
        )
      }
      // Long before the nested cluster would notice: its last word of the node is Ready.
      const seconds = await secondsUntil(
        async () => (await spoken()) && (await allReady(4)),
        60,
        `${node} to be back`,
      )
      console.log(`${node}: Ready on an empty disk ${seconds.toFixed(1)} s after its pod was back`)
      expect(await readProof(api)).toEqual(written)
    },
  )

  it.each(isLong ? [worker, `${name}-cp-1`] : [`${name}-cp-1`])(
    'replaces %s when its kubelet is gone for good, and nothing else',
    async (node) => {
      const ids = await nodeIds()
      await stopKubelet(node)
      const seconds = await secondsUntil(
        async () => (await nodeIds()).get(node) !== ids.get(node) && (await allReady(4)),
        // unhealthyAfter and a minute, where nothing else is done beside it.
        180,
        `${node} to be replaced`,
      ).catch(async (error: unknown) => {
        throw new Error(`${String(error)}; the controller said last:\n${await controllerLog()}`)
      })
      console.log(`${node}: replaced and all Ready ${seconds.toFixed(0)} s after its kubelet went`)
      const now = await nodeIds()
      for (const [other, id] of ids) if (other !== node) expect(now.get(other), other).toBe(id)
      expect(await readProof(api)).toEqual(written)
      await secondsUntil(async () => (await eventReasons()).includes('NodeReplaced'), 10, 'an Event')
    },
  )

  it('follows a change of its object, while a command wants another one', async () => {
    const patch = { spec: { workers: [{ count: 2 }] } }
    await Promise.all([
      host.patch(clusterKind, name, namespace, patch, { signal: never }),
      knest(home, 'scale', name, ':2'),
    ])
    await secondsUntil(() => allReady(5), 120, 'two workers')
    expect([...(await nodeIds()).keys()]).toContain(`${name}-worker-1`)
  })

  it('says why it does not follow a change that cannot be, and stays as it is', async () => {
    const ids = await nodeIds()
    const patch = { spec: { network: { podNetworkCidr: ['10.222.0.0/16'] } } }
    await host.patch(clusterKind, name, namespace, patch, { signal: never })
    await secondsUntil(async () => (await eventReasons()).includes('Refused'), 60, 'an Event')
    expect((await events()).map(({ message }) => String(message)).join('\n')).toContain(
      'network.podNetworkCidr cannot be changed',
    )
    const { conditions } = (await cluster()).status as { conditions: { type: string; status: string }[] }
    expect(conditions.find(({ type }) => type === 'Accepted')?.status).toBe('False')
    expect(await nodeIds()).toEqual(ids)
    const back = { spec: { network: null } }
    await host.patch(clusterKind, name, namespace, back, { signal: never })
  })

  // Seventy seconds in which nothing may happen; `assess.test.ts` looks at the same without them.
  it.runIf(isLong)('does not make anything anew while the host may not run it', async () => {
    const [hostNode] = await host.list(nodeKind, { signal: never })
    const cordon = (unschedulable: boolean): Promise<unknown> =>
      host.patch(
        nodeKind,
        hostNode?.metadata.name ?? '',
        undefined,
        { spec: { unschedulable } },
        { signal: never },
      )
    const ids = await nodeIds()
    await cordon(true)
    try {
      await host.delete(podKind, `${worker}-0`, namespace, { signal: never })
      await secondsUntil(async () => (await phase()) === 'Degraded', 60, 'the loss to be noticed')
      // Longer than unhealthyAfter with what the nested cluster needs to notice.
      await delay(70_000)
      const now = await nodeIds()
      for (const [node, id] of ids) expect(now.get(node), node).toBe(id)
      await expectCommandsToComeFirst()
    } finally {
      await cordon(false)
    }
    await secondsUntil(() => allReady(5), 120, 'the worker to be back')
  })

  it('leaves nothing when its object is deleted', async () => {
    await host.delete(clusterKind, name, namespace, { signal: never })
    await secondsUntil(
      async () =>
        (await host.get({ apiVersion: 'v1', kind: 'Namespace' }, namespace, undefined, never)) === undefined,
      120,
      'all of it to be gone',
    )
    const expected = [system, 'knest-controller', waitingName]
    const left = (await inventory(host)).filter((line) => !around.includes(line))
    expect(left.filter((line) => !expected.some((part) => line.includes(part)))).toEqual([])
  })
})

describe('a cluster whose nodes wait for a network', () => {
  it('keeps its nodes', async () => {
    const { createdAt, nodes, api } = waiting
    await delay(Math.max(0, createdAt + waitingSeconds * 1000 - Date.now()))
    expect(await uidsOfNodes(api)).toEqual(nodes)
    console.log(`nodes without a network: kept for ${Math.round((Date.now() - createdAt) / 1000)} s`)
  })
})

describe('a cluster with an end, whose create was killed', () => {
  it('is gone when its time is over, with nobody but controllers that were killed, too', async () => {
    const namespace = `knest-${endingName}`
    const isGone = async (): Promise<boolean> =>
      (await host.get({ apiVersion: 'v1', kind: 'Namespace' }, namespace, undefined, never)) === undefined
    await secondsUntil(isGone, 120, `namespace ${namespace} to be gone`)
    expect(await inventory(host, [endingName])).toEqual(
      expect.not.arrayContaining([expect.stringContaining(endingName)]),
    )
  })
})

describe('a cluster that is deleted with a pod, whose create was killed', () => {
  it('is there as long as the pod, and gone soon after it', async () => {
    const namespace = `knest-${ownedName}`
    const place = (): Promise<KubeObject | undefined> =>
      host.get({ apiVersion: 'v1', kind: 'Namespace' }, namespace, undefined, never)
    expect(await place()).toBeDefined()
    await host.delete({ apiVersion: 'v1', kind: 'Pod' }, owner.name, owner.namespace, { signal: never })
    await secondsUntil(async () => (await place()) === undefined, 120, `namespace ${namespace} to be gone`)
    expect(await inventory(host, [ownedName])).toEqual(
      expect.not.arrayContaining([expect.stringContaining(ownedName)]),
    )
  })
})
