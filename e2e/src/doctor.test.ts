import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnosis, Finding, KubeObject } from 'knest'
import { createCluster, never } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import { patience } from './support/nodes.js'
import { secondsUntil } from './support/until.js'

const name = 'e2e-doctor'
const controlPlane = `${name}-cp-0`
const worker = `${name}-worker-0`
const isLong = process.env.KNEST_TEST_LONG !== undefined
/** What it promises. */
const answerSeconds = 10

const webhook: KubeObject = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'policies' },
  webhooks: [
    {
      name: 'all.guard.test',
      failurePolicy: 'Fail',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 1,
      clientConfig: { service: { namespace: 'guard', name: 'gate' } },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
    },
  ],
}

interface Fault {
  readonly what: string
  readonly inject: (cluster: TestCluster) => Promise<unknown>
  readonly reason: string
  readonly object: string
  /** Which of the commands in the remedy is run. */
  readonly cure: RegExp
}

const kubectl = (cluster: TestCluster, ...words: readonly string[]): Promise<string> =>
  cluster.knest('shell', name, '--', 'kubectl', ...words)
const on = (cluster: TestCluster, node: string, ...words: readonly string[]): Promise<string> =>
  cluster.knest('ssh', name, node, '--', ...words)

const faults: readonly Fault[] = [
  {
    what: 'a kubelet that was stopped',
    inject: (cluster) => on(cluster, worker, 'systemctl', 'stop', 'kubelet'),
    reason: 'KubeletDown',
    object: `node/${worker}`,
    cure: /restart kubelet$/,
  },
  {
    what: 'a CoreDNS that was scaled to 0',
    inject: (cluster) =>
      kubectl(cluster, 'scale', 'deployment', 'coredns', '-n', 'kube-system', '--replicas', '0'),
    reason: 'DnsDown',
    object: 'deployment/coredns',
    cure: /scale deployment coredns/,
  },
  {
    what: 'a webhook with nobody behind it',
    inject: (cluster) => cluster.api.create(webhook, { signal: never }),
    reason: 'WebhookDown',
    object: 'validatingwebhookconfiguration/policies',
    cure: /delete validatingwebhookconfiguration policies$/,
  },
  {
    what: 'a scheduler with a flag that it does not know',
    inject: (cluster) => {
      const flag = String.raw`s/^\( *\)- kube-scheduler$/&\n\1- --not-there=1/`
      return on(cluster, controlPlane, 'sed', '-i', flag, '/etc/kubernetes/manifests/kube-scheduler.yaml')
    },
    reason: 'StaticPodCrashes',
    object: `node/${controlPlane}`,
    cure: /kubeadm init phase control-plane scheduler/,
  },
]
const longer: readonly Fault[] = [
  {
    what: 'a provisioner that was scaled to 0',
    inject: (cluster) => {
      const of = ['local-path-provisioner', '-n', 'local-path-storage']
      return kubectl(cluster, 'scale', 'deployment', ...of, '--replicas', '0')
    },
    reason: 'StorageDown',
    object: 'deployment/local-path-provisioner',
    cure: /scale deployment local-path-provisioner/,
  },
  {
    what: 'a Node object that was deleted',
    inject: (cluster) => kubectl(cluster, 'delete', 'node', worker),
    reason: 'NodeNotRegistered',
    object: `node/${worker}`,
    cure: /^knest scale /,
  },
]

describe('knest doctor', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await createCluster(name, '--worker-machine-count', '1')
  })
  afterAll(() => cluster.remove())

  interface Seen extends Diagnosis {
    readonly code: number | null
    readonly seconds: number
    /** Other test files stand on the same host, and may bring it to its limits. */
    readonly own: readonly Finding[]
  }

  const look = async (): Promise<Seen> => {
    const begun = performance.now()
    const words = ['doctor', name, '-o', 'json', '--context', hostContext]
    const { code, stdout } = await runKnest(cluster.home, words)
    const seconds = (performance.now() - begun) / 1000
    const found = JSON.parse(stdout) as Diagnosis
    return { ...found, code, seconds, own: found.findings.filter(({ area }) => area !== 'host') }
  }
  const untilWell = (what: string): Promise<number> =>
    secondsUntil(
      async () => {
        const { own, unseen } = await look()
        if (own.length + unseen.length === 0) return true
        throw new Error(JSON.stringify({ own, unseen }))
      },
      60 * patience,
      what,
    )

  it('names nothing in a cluster that is well', async () => {
    await untilWell('a new cluster is well')
  })

  it.each(isLong ? [...faults, ...longer] : faults)(
    'names $what, and its remedy works as it is printed',
    async ({ inject, reason, object, cure }) => {
      await inject(cluster)
      let seen: Seen | undefined
      await secondsUntil(
        async () => {
          seen = await look()
          return seen.own.length > 0
        },
        60 * patience,
        reason,
      )
      expect(seen?.own.map((each) => `${each.reason} ${each.object}`)).toEqual([`${reason} ${object}`])
      expect(seen?.code).toBe(1)
      expect(seen?.seconds).toBeLessThan(answerSeconds * patience)
      await run(commandIn(seen?.own[0]?.remedy ?? '', cure))
      await untilWell(`well after ${reason}`)
    },
  )
  if (!isLong) console.log(`not run without KNEST_TEST_LONG: ${longer.map(({ what }) => what).join(', ')}`)

  /** Of those between backticks. */
  const commandIn = (remedy: string, cure: RegExp): string => {
    const found = [...remedy.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command)
    const command = found.find((each) => cure.test(each))
    if (command === undefined) throw new Error(`no such command is offered: ${remedy}`)
    return command
  }

  const run = async (command: string): Promise<void> => {
    const [program, ...words] = command.split(' ')
    expect(program).toBe('knest')
    const { code, stderr } = await runKnest(cluster.home, words)
    expect(code, stderr).toBe(0)
  }
})
