import type { KubeApi, KubeObject } from 'knest'
import { isReady, never, within } from './cluster.js'
import { shell } from './workload.js'

const name = 'kept'
const pod = `${name}-0`
const pods = { apiVersion: 'v1', kind: 'Pod' }

/** As somebody writes it who knows nothing of the cluster: the claim names no class. */
function statefulSet(node: string): KubeObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': node },
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'web',
              image: 'localhost/knest/busybox:1',
              imagePullPolicy: 'Never',
              command: ['sh', '-c', 'exec busybox httpd -f -p 8080 -h /data'],
              readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } } },
        },
      ],
    },
  }
}

/** A StatefulSet with a claim, on this node, whose pod runs and has written into its volume. */
export async function runWithClaim(api: KubeApi, node: string): Promise<void> {
  await api.apply(statefulSet(node), { signal: never })
  await podAfter(api, undefined)
  await shell(api, pod, 'echo written >/data/proof && sync')
}

/** What is in the volume when the pod was deleted and another has come. */
export async function claimAfterDeletion(api: KubeApi): Promise<string> {
  const before = await api.get(pods, pod, 'default', never)
  await api.delete(pods, pod, 'default', { signal: never })
  await podAfter(api, before?.metadata.uid)
  return claimText(api)
}

async function claimText(api: KubeApi): Promise<string> {
  return shell(api, pod, 'cat /data/proof')
}

/** True when its pod runs and reads what was written. */
export async function claimIsKept(api: KubeApi): Promise<boolean> {
  const found = await api.get(pods, pod, 'default', within(3_000))
  return found !== undefined && isReady(found) && (await claimText(api)) === 'written'
}

async function podAfter(api: KubeApi, uid: string | undefined): Promise<void> {
  const isNew = (found: readonly KubeObject[]): boolean =>
    found.some((one) => one.metadata.name === pod && one.metadata.uid !== uid && isReady(one))
  await api.waitFor(pods, { namespace: 'default' }, isNew, {
    timeoutMs: 120_000,
    signal: never,
    awaited: `pod ${pod} to be Ready on its volume`,
    describe: (seen) =>
      JSON.stringify(seen.map(({ metadata, status }) => [metadata.name, status as unknown])),
  })
}
