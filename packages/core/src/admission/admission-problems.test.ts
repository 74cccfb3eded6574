import { describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { admissionProblems } from './admission-problems.js'
import { refusalProblem } from './refusal.js'
import { node, other, service } from './sample-objects.js'

const ref = { name: 'q', namespace: 'team' }
const { signal } = new AbortController()

function set(role: string, pool: string, spec: object = {}): KubeObject {
  const name = `q-${pool}-0`
  const labels = { 'knest.dev/role': role, 'knest.dev/pool': pool, 'knest.dev/node': name }
  const resources = { requests: { cpu: '100m' }, limits: { cpu: '2', memory: '4Gi' } }
  const containers = [{ name: 'node', image: 'r.test/n:1', securityContext: { privileged: true }, resources }]
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'team', labels },
    spec: { template: { metadata: { labels }, spec: { containers, ...spec } } },
  }
}

const objects = [
  set('control-plane', 'cp'),
  set('worker', 'worker'),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
  other('NestedCluster'),
  service('NodePort'),
  other('Secret', 'q-pki'),
  other('Secret', 'q-kubeconfig'),
]

interface Host {
  readonly namespace?: KubeObject | 'not-permitted' | undefined
  readonly ranges?: readonly KubeObject[] | 'not-permitted'
  readonly quotas?: readonly KubeObject[] | 'not-permitted'
  readonly nodes?: readonly KubeObject[] | 'not-permitted'
  /** What is said to an object; undefined: it is fine. */
  readonly refuse?: (object: KubeObject) => string | KnestError | undefined
  readonly change?: (object: KubeObject) => KubeObject
  /** Kinds of which the object is there already. */
  readonly there?: readonly string[]
}

async function problemsOn({ refuse = () => undefined, change = (object) => object, ...host }: Host) {
  const namespace = 'namespace' in host ? host.namespace : other('Namespace', 'team')
  const tried: string[] = []
  const listed: Readonly<Record<string, readonly KubeObject[] | 'not-permitted' | undefined>> = {
    LimitRange: host.ranges ?? [],
    ResourceQuota: host.quotas ?? [],
    Node: host.nodes ?? [node('a')],
    Pod: [],
  }
  const api: Partial<KubeApi> = {
    description: 'context "h"',
    get: ({ kind }) =>
      namespace === 'not-permitted'
        ? Promise.reject(new KnestError('not-permitted', 'you may not'))
        : Promise.resolve(
            kind === 'Namespace' ? namespace : (host.there ?? []).includes(kind) ? other(kind) : undefined,
          ),
    raw: () => Promise.resolve({ status: 200, body: '{}' }),
    list: ({ kind }) => {
      const found = listed[kind]
      return found === 'not-permitted' || found === undefined
        ? Promise.reject(new KnestError('not-permitted', 'you may not'))
        : Promise.resolve(found)
    },
    create: (object, { dryRun }) => {
      expect(dryRun).toBe(true)
      tried.push(`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`)
      const said = refuse(object)
      if (said instanceof KnestError) return Promise.reject(said)
      if (said !== undefined) return Promise.reject(new KnestError('not-permitted', `context "h": ${said}`))
      return Promise.resolve(change(object))
    },
  }
  const { problems } = await admissionProblems(api as KubeApi, ref, objects, signal)
  return { problems, tried, messages: problems.map(({ message }) => message) }
}

const range: KubeObject = {
  ...other('LimitRange', 'sizes'),
  spec: { limits: [{ type: 'Container', max: { memory: '2Gi' } }] },
}
const quota: KubeObject = { ...other('ResourceQuota', 'few'), status: { hard: { pods: 1, secrets: 0 } } }
const forbidden = (kind: string, why: string): string => `${kind} "x" is forbidden: ${why}`

describe('admissionProblems', () => {
  it('tries every kind of object once, pods among them, and has nothing to say of a host that is fine', async () => {
    const { problems, tried } = await problemsOn({})
    expect(problems).toEqual([])
    expect([...tried].sort()).toEqual([
      'NestedCluster team/q',
      'Pod team/q-cp-0-0',
      'Pod team/q-worker-0-0',
      'Secret team/q-kubeconfig',
      'Secret team/q-pki',
      'Service team/q-api',
      'StatefulSet team/q-cp-0',
      'StatefulSet team/q-worker-0',
    ])
  })

  it('tries nothing that is there already, nor counts it against a quota', async () => {
    const { problems, tried } = await problemsOn({
      there: ['NestedCluster'],
      quotas: [
        {
          ...other('ResourceQuota', 'one'),
          status: {
            hard: { 'count/nestedclusters.knest.dev': 1 },
            used: { 'count/nestedclusters.knest.dev': 1 },
          },
        },
      ],
      // Who decides on new namespaces and records has nothing to say to old ones.
      refuse: ({ kind }) =>
        kind === 'Namespace' || kind === 'NestedCluster'
          ? forbidden(kind, 'admission webhook "w" denied the request: no')
          : undefined,
    })
    expect(problems).toEqual([])
    expect(tried).not.toContain('NestedCluster team/q')
  })

  it('tries pods as their controller makes them', async () => {
    const seen: KubeObject[] = []
    await problemsOn({ refuse: (object) => void seen.push(object) })
    const pod = seen.find(({ kind }) => kind === 'Pod')
    expect(pod?.metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', controller: true }])
    expect(pod?.metadata.labels?.['statefulset.kubernetes.io/pod-name']).toBe(pod?.metadata.name)
  })

  it('only warns of nodes where nobody could see what webhooks make of the pods', async () => {
    const nodes = [node('a', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } })]
    const denied = forbidden('pods', "ValidatingAdmissionPolicy 'p' denied request: no")
    const { problems } = await problemsOn({
      namespace: undefined,
      nodes,
      refuse: ({ kind }) => (kind === 'Pod' ? denied : undefined),
    })
    expect(problems.map(({ severity }) => severity)).toEqual(['warning', 'warning'])
    const tolerating = await problemsOn({
      namespace: undefined,
      nodes,
      change: (object) =>
        object.kind === 'Pod'
          ? { ...object, spec: { ...(object.spec as object), tolerations: [{ operator: 'Exists' }] } }
          : object,
    })
    expect(tolerating.problems).toEqual([])
    const tried = await problemsOn({ nodes })
    expect(tried.problems.map(({ severity }) => severity)).toEqual(['error'])
  })

  it('lists all that is wrong at once, each once', async () => {
    const { problems, messages } = await problemsOn({
      ranges: [range],
      quotas: [quota],
      nodes: [node('a', { spec: { unschedulable: true } })],
      refuse: (object) => {
        if (object.kind === 'Service') return forbidden('services', 'exceeded quota: few')
        if (object.kind === 'StatefulSet')
          return forbidden(
            'statefulsets.apps',
            `ValidatingAdmissionPolicy 'p' denied request: not ${object.metadata.name}`,
          )
        const { containers } = (object.spec ?? {}) as { containers?: readonly { resources?: object }[] }
        if (containers?.[0]?.resources !== undefined)
          return forbidden('pods', 'maximum memory usage per Container is 2Gi, but limit is 4Gi')
        return object.kind === 'Pod' ? `admission webhook "w.test" denied the request: no pods` : undefined
      },
    })
    expect(messages).toEqual([
      `namespace "team" does not admit the StatefulSets of control planes and pool "worker": statefulsets.apps "x" is forbidden: ValidatingAdmissionPolicy 'p' denied request: not q-cp-0`,
      'namespace "team" does not admit the pods of control planes and pool "worker": admission webhook "w.test" denied the request: no pods',
      'LimitRange "sizes" of namespace "team" allows memory of at most 2Gi for each Container, and the pods of control planes and pool "worker" ask for 4Gi',
      'quota "few" of namespace "team" has room for pods of 1 (1, of which 0 are used), and the cluster needs 2',
      'quota "few" of namespace "team" has room for secrets of 0 (0, of which 0 are used), and the cluster needs 2',
      'no node of the host takes the pods of control planes and pool "worker": 1 of 1 cordoned',
    ])
    expect(problems.every(({ severity, hint }) => severity === 'error' && hint !== '')).toBe(true)
  })

  it('names all objects that are refused for the same reason', async () => {
    const { messages } = await problemsOn({
      refuse: ({ kind, metadata: { name } }) =>
        kind === 'Secret' ? `secrets "${name}" is forbidden: no secrets` : undefined,
    })
    expect(messages).toEqual([
      'namespace "team" does not admit Secret "q-pki" and Secret "q-kubeconfig": secrets "q-pki" is forbidden: no secrets',
    ])
  })

  it('what may not be read is no problem, and the dry run tells instead', async () => {
    const unseen = {
      namespace: 'not-permitted',
      ranges: 'not-permitted',
      quotas: 'not-permitted',
      nodes: 'not-permitted',
    } as const
    expect((await problemsOn(unseen)).problems).toEqual([])
    const { messages } = await problemsOn({
      ...unseen,
      refuse: ({ kind }) =>
        kind === 'Pod'
          ? forbidden('pods', 'maximum memory usage per Container is 2Gi, but limit is 4Gi')
          : kind === 'Service'
            ? forbidden(
                'services',
                'exceeded quota: few, requested: services.nodeports=1, used: services.nodeports=0, limited: services.nodeports=0',
              )
            : undefined,
    })
    expect(messages).toHaveLength(2)
    expect(messages.join()).toContain('maximum memory usage per Container is 2Gi')
    expect(messages.join()).toContain('exceeded quota: few')
  })

  it('who may not make pods, or objects of which there is one, is not refused for it', async () => {
    const { problems } = await problemsOn({
      refuse: ({ kind }) =>
        kind === 'Pod'
          ? 'pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "team"'
          : kind === 'Secret'
            ? new KnestError('already-exists', 'there')
            : new KnestError('config', 'context "h": admission webhook "w.test" does not support dry run'),
    })
    expect(problems).toEqual([])
  })

  it('a webhook that does not answer is told', async () => {
    const said =
      'context "h": the API server answered 500: Internal error occurred: failed calling webhook "w.test": no endpoints'
    const { problems } = await problemsOn({
      refuse: ({ kind }) => (kind === 'Secret' ? new KnestError('host-unreachable', said) : undefined),
    })
    expect(problems).toMatchObject([
      {
        message:
          'namespace "team" does not admit Secret "q-pki" and Secret "q-kubeconfig": Internal error occurred: failed calling webhook "w.test": no endpoints',
        hint: expect.stringContaining('does not answer') as string,
      },
    ])
  })

  it('containers that the host adds are told, and count', async () => {
    const { problems } = await problemsOn({
      nodes: [node('a'), node('b')],
      quotas: [{ ...other('ResourceQuota', 'few'), status: { hard: { 'limits.memory': '9Gi' } } }],
      change: (object) => {
        const { containers = [] } = (object.spec ?? {}) as { containers?: object[] }
        const proxy = { name: 'a-proxy', resources: { limits: { memory: '1Gi' } } }
        return object.kind === 'Pod' ? { ...object, spec: { containers: [proxy, ...containers] } } : object
      },
    })
    expect(problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('the cluster needs 10Gi') as string },
      {
        severity: 'warning',
        message: expect.stringContaining('adds container "a-proxy" to the pods of nodes') as string,
      },
    ])
  })

  it('in a namespace that is not there yet only policies of the whole host show', async () => {
    const denied = forbidden('pods', "ValidatingAdmissionPolicy 'p' denied request: no")
    const refuse = ({ kind }: KubeObject): string | undefined => (kind === 'Pod' ? denied : undefined)
    const { problems, tried } = await problemsOn({ namespace: undefined, refuse })
    expect(tried.filter((one) => one.startsWith('Pod'))).toEqual([
      'Pod default/q-cp-0-0',
      'Pod default/q-worker-0-0',
    ])
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringContaining('"team", which is not there yet, may not either') as string,
      },
    ])
  })
})

describe('refusalProblem', () => {
  const pod = set('control-plane', 'cp')
  const unknown = { limitRanges: false, quotas: false, podSecurity: undefined }
  it.each([
    [
      forbidden(
        'pods',
        'violates PodSecurity "baseline:latest": privileged (container "node" must not set securityContext.privileged=true)',
      ),
      /kubectl label --overwrite namespace team pod-security.kubernetes.io\/enforce=privileged/,
    ],
    [
      forbidden('pods', 'unable to validate against any security context constraint: []'),
      /oc adm policy add-scc-to-user privileged -z default -n team/,
    ],
    [
      forbidden('pods', 'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'),
      /quota of namespace "team" raised/,
    ],
    [forbidden('pods', 'failed quota: q: must specify limits.cpu for: node'), /quota/],
    [
      forbidden(
        'persistentvolumeclaims',
        'maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 4Gi',
      ),
      /as large as it permits/,
    ],
    [
      forbidden('pods', '[cpu max limit to request ratio per Container is 2, but provided ratio is 10]'),
      /as large as it permits/,
    ],
    [forbidden('pods', 'no PriorityClass with name high was found'), /spec.hostPatches/],
    [
      'StatefulSet.apps "x" is invalid: spec.template.spec.containers[0].image: Required value',
      /spec.hostPatches/,
    ],
    [
      forbidden('pods', 'pod node label selector conflicts with its namespace node label selector'),
      /nodeSelector/,
    ],
    ['admission webhook "validation.gatekeeper.sh" denied the request: [psp] privileged', /policy/],
  ])('%s', (said, hint) => {
    expect(refusalProblem(ref, pod, said, unknown)?.hint).toMatch(hint)
  })

  it.each([
    [
      'PodSecurity by its label',
      forbidden('pods', 'violates PodSecurity "restricted:latest": x'),
      { podSecurity: 'restricted' },
    ],
    ['a quota that was read', forbidden('pods', 'exceeded quota: q'), { quotas: true }],
    [
      'a limit range that was read',
      forbidden('pods', 'minimum cpu usage per Pod is 1'),
      { limitRanges: true },
    ],
    [
      'an account that comes',
      forbidden('pods', 'error looking up service account team/default: serviceaccount "default" not found'),
      {},
    ],
  ])('%s is told by others', (_title, said, known) => {
    expect(refusalProblem(ref, pod, said, { ...unknown, ...known })).toBeUndefined()
  })
})
