import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import type { KubeApi, KubeObject } from 'knest'
import { openKube } from 'knest/kube'
import { listNames, never, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest, type Outcome } from './support/knest.js'
import { secondsUntil } from './support/until.js'

const namespace = 'e2e-one-namespace'
const account = { namespace, name: 'jane' }
const name = 'e2e-jane'
const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }

const limits: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team', namespace },
    spec: {
      hard: {
        ...{
          pods: '3',
          secrets: '4',
          services: '5',
          persistentvolumeclaims: '3',
          'count/statefulsets.apps': '3',
        },
        ...{ 'limits.cpu': '8', 'limits.memory': '16Gi', 'requests.cpu': '8', 'requests.memory': '16Gi' },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'sizes', namespace },
    spec: { limits: [{ type: 'Container', max: { memory: '8Gi' }, default: { memory: '1Gi', cpu: '1' } }] },
  },
]

/** No pods in `default`, whoever makes them. */
const policyName = 'e2e-no-pods-in-default'
const admission = 'admissionregistration.k8s.io/v1'
const policy: readonly KubeObject[] = [
  {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: policyName },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
        ],
      },
      validations: [{ expression: 'false', message: 'no pods in default' }],
    },
  },
  {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: policyName },
    spec: { policyName, validationActions: ['Deny'] },
  },
]

/** What follows from the rights that are missing, and is said by the commands that it matters to. */
const unknownRanges = /pod network and Service range are not known, not permitted to read Nodes, ServiceCIDRs/
const unreachable = /this machine cannot reach https:/

describe('a user of one namespace, on a host with a policy and a quota', () => {
  let home: TestHome
  let host: KubeApi
  let place: KubeObject
  const made: KubeObject[] = []

  const make = async (object: KubeObject): Promise<KubeObject> => {
    const created = await host.create(object, { signal: never })
    made.push(object)
    return created
  }
  /** What the admin pipes into kubectl. */
  const give = async (...flags: readonly string[]): Promise<void> => {
    const who = ['--serviceaccount', `${account.namespace}:${account.name}`]
    const { code, stdout, stderr } = await runKnest(home, ['host', 'role', namespace, ...who, ...flags])
    expect(code, stderr).toBe(0)
    for (const document of parseAllDocuments(stdout)) {
      const object = document.toJS() as KubeObject
      if (!made.some(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name))
        await make(object)
    }
  }

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    place = await make({ ...namespaceKind, metadata: { name: namespace } })
    await make({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account })
    for (const object of [...limits, ...policy]) await make(object)
    await give()
    await logIn(host, home)
    const pod = { containers: [{ name: 'a', image: 'localhost/knest/absent:v1' }] }
    await secondsUntil(
      () =>
        host
          .create(
            { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'e2e-a', namespace: 'default' }, spec: pod },
            { signal: never, dryRun: true },
          )
          .then(
            () => false,
            () => true,
          ),
      60,
      'the policy',
    )
  })
  afterAll(async () => {
    // The namespace last: what it holds goes with it.
    for (const { apiVersion, kind, metadata } of [...made].reverse())
      await host.delete({ apiVersion, kind }, metadata.name, metadata.namespace, { signal: never })
    // That user may not wait for volumes, and other files compare the host before and after.
    await secondsUntil(() => isGone(host), 120, 'namespace and volumes to be gone')
    host.close()
    home.remove()
  })

  /** As that user, whose context has the namespace. Nothing is warned of but what is expected. */
  const knest = async (line: string, ...expected: readonly RegExp[]): Promise<Outcome> => {
    const outcome = await runKnest(home, line.split(' '))
    const { code, stdout, stderr } = outcome
    expect(code, `knest ${line}: ${stderr}${stdout}`).toBe(0)
    const warnings = `${stdout}${stderr}`.match(/^(error|warning): .*$/gm) ?? []
    expect(warnings, `knest ${line}`).toEqual(
      expected.map((one) => expect.stringMatching(one) as unknown as string),
    )
    return outcome
  }

  it('has no rights outside of it', async () => {
    const jane = await openKube({ kubeconfig: home.kubeconfig })
    const may = (verb: string, resource: string, inside?: string): Promise<boolean> =>
      jane.canI({ verb, resource, ...(inside !== undefined && { namespace: inside }) }, never)
    try {
      expect(await may('create', 'namespaces')).toBe(false)
      expect(await may('delete', 'namespaces', namespace)).toBe(false)
      expect(await may('list', 'nodes')).toBe(false)
      expect(await may('get', 'secrets', 'kube-system')).toBe(false)
      expect(await may('get', 'secrets', namespace)).toBe(true)
    } finally {
      jane.close()
    }
  })

  it('makes a cluster', async () => {
    await knest(`preflight ${name} -n ${namespace} --persistent`, unknownRanges)
    const { stdout } = await knest(`create ${name} -n ${namespace} --persistent --timeout 5m`, unknownRanges)
    expect(stdout).toBe(`cluster "${name}" created\n`)
  })

  it('looks at it without naming the namespace, which the context has', async () => {
    const list = await knest('list')
    expect(list.stdout).toMatch(new RegExp(`^${name} +${namespace} .* Ready `, 'm'))
    expect(list.stderr).toMatch(new RegExp(`^note: .*namespace "${namespace}"`))
    expect((await knest('list -o name -n ' + namespace)).stderr).toBe('')
    const status = JSON.parse((await knest(`status ${name} -o json`)).stdout) as { phase: string }
    expect(status.phase).toBe('Ready')
    expect((await knest(`kubeconfig ${name}`, unreachable)).stdout).toMatch(/^apiVersion: v1$/m)
    expect((await knest(`ssh ${name} worker-0 -- hostname`)).stdout.trim()).toBe(`${name}-worker-0`)
    const nodes = await knest(`shell ${name} -- kubectl get nodes -o name`)
    expect(nodes.stdout.trim().split('\n')).toEqual([`node/${name}-cp-0`, `node/${name}-worker-0`])
    await knest(`certs ${name}`)
    await knest(`render ${name} -n ${namespace}`)
  })

  it('changes it', async () => {
    await knest(`scale ${name} :2`)
    await knest(`scale ${name} :1`)
    await knest(`heal ${name}`)
    await knest(`upgrade ${name} --kubernetes-version 1.36.3 --dry-run`)
    await knest(`pause ${name}`)
    await knest(`resume ${name}`)
  })

  it('deletes it, and leaves the namespace as it was', async () => {
    await knest(`delete ${name} --dry-run`)
    await knest(`delete ${name}`)
    const left = ['Pod', 'Secret', 'Service', 'PersistentVolumeClaim'].map((kind) =>
      listNames(host, kind, namespace),
    )
    expect((await Promise.all(left)).flat()).toEqual([])
    const { metadata } = (await host.get(namespaceKind, namespace, undefined, never)) ?? place
    const { uid, labels } = metadata
    expect({ uid, labels }).toEqual({ uid: place.metadata.uid, labels: place.metadata.labels })
  })

  it('knows all of the host that matters when it is allowed to look', async () => {
    await give('--host-view')
    // Rights hold a moment after they were given.
    await secondsUntil(
      async () => {
        const { stdout } = await runKnest(home, ['preflight', name, '-n', namespace, '--persistent'])
        return stdout.startsWith('no problems')
      },
      60,
      'a preflight without problems',
    )
  })
})

async function isGone(host: KubeApi): Promise<boolean> {
  const volumes = await host.list({ apiVersion: 'v1', kind: 'PersistentVolume' }, { signal: never })
  const isOfTest = ({ spec }: KubeObject): boolean =>
    (spec as { claimRef?: { namespace?: string } }).claimRef?.namespace === namespace
  return !volumes.some(isOfTest) && (await host.get(namespaceKind, namespace, undefined, never)) === undefined
}

/** Leaves nothing in the home's kubeconfig but that user, with a token of the host's. */
async function logIn(host: KubeApi, home: TestHome): Promise<void> {
  const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  }
  const answer = await host.raw(path, never, { method: 'POST', body })
  const { token } = (JSON.parse(answer.body) as { status: { token: string } }).status
  interface Named {
    readonly name: string
  }
  const { clusters, contexts } = parse(readFileSync(home.kubeconfig, 'utf8')) as {
    readonly clusters: readonly Named[]
    readonly contexts: readonly (Named & { readonly context: { readonly cluster: string } })[]
  }
  const { cluster } = contexts.find((each) => each.name === hostContext)?.context ?? { cluster: '' }
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'team' },
    clusters: clusters.filter((each) => each.name === cluster),
    contexts: [{ name: 'team', context: { cluster, user: account.name, namespace } }],
    users: [{ name: account.name, user: { token } }],
  }
  writeFileSync(home.kubeconfig, stringify(config), { mode: 0o600 })
}
