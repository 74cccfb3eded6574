import { setTimeout as delay } from 'node:timers/promises'
import { webPod } from '@knest/testing/web-pod'
import type { KubeApi } from 'knest'
import { isReady, never } from './cluster.js'
import type { TestCluster } from './cluster.js'
import { podsOfNodes } from './nodes.js'
import { podIp } from './workload.js'

const image = 'localhost/knest/busybox:1'
const nodePort = 30_080
const { containers } = webPod('web', undefined).spec as { readonly containers: readonly object[] }

/** Two replicas on different nodes that end gracefully, behind a Service; at most one may be evicted. */
const workload = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 5,
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  weight: 100,
                  podAffinityTerm: {
                    topologyKey: 'kubernetes.io/hostname',
                    labelSelector: { matchLabels: { app: 'web' } },
                  },
                },
              ],
            },
          },
          // What is sent here until every node knows of its end is answered still.
          containers: containers.map((container) => ({
            ...container,
            lifecycle: { preStop: { exec: { command: ['sleep', '3'] } } },
          })),
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort }] },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  },
] as const

export interface Prober {
  /** Ends the asking and tells how often the workload answered, and the longest time without an answer. */
  stop(): Promise<{ readonly answers: number; readonly longestGap: number }>
}

/**
 * A workload of two replicas, and a pod of the host that asks for it all the time by the nodes' addresses, as
 * a load balancer would: the next node when one does not answer within a second.
 */
export async function startProber(cluster: TestCluster, host: KubeApi): Promise<Prober> {
  for (const object of workload) await cluster.api.apply(object, { signal: never })
  await cluster.api.waitFor(
    { apiVersion: 'v1', kind: 'Pod' },
    { namespace: 'default', labelSelector: 'app=web' },
    (pods) => pods.filter(isReady).length === 2,
    { timeoutMs: 120_000, signal: never, awaited: 'the workload', describe: (pods) => String(pods.length) },
  )
  const addresses = [...(await podsOfNodes(host, cluster.namespace)).values()].map(podIp)
  const ask = `while :; do
  for ip in ${addresses.join(' ')}; do
    if busybox wget -q -O /dev/null -T 1 http://$ip:${nodePort}/; then cut -d' ' -f1 /proc/uptime; break; fi
  done
  busybox sleep 0.1
done 2>/dev/null`
  const pod = { namespace: cluster.namespace, name: 'prober' }
  await host.apply(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: pod,
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'prober', image, imagePullPolicy: 'Never', command: ['sh', '-c', ask] }],
      },
    },
    { signal: never },
  )
  const times = async (): Promise<readonly number[]> => {
    const { status, body } = await host.raw(
      `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/log`,
      AbortSignal.timeout(30_000),
    )
    return status === 200 ? body.trim().split('\n').filter(Boolean).map(Number) : []
  }
  for (let tries = 0; (await times()).length < 5; tries++) {
    if (tries > 60) throw new Error('the workload does not answer')
    await delay(1000)
  }
  return {
    stop: async () => {
      const found = await times()
      await host.delete({ apiVersion: 'v1', kind: 'Pod' }, pod.name, pod.namespace, { signal: never })
      const gaps = found.map((at, index) => at - (found[index - 1] ?? at))
      return { answers: found.length, longestGap: Math.max(...gaps) }
    },
  }
}
