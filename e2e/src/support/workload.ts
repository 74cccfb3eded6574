import { webPod } from '@knest/testing/web-pod'
import { execText } from 'knest/kube'
import type { KubeApi, KubeObject } from 'knest'
import { isReady, never } from './cluster.js'

export async function runPods(api: KubeApi, pods: readonly KubeObject[]): Promise<readonly KubeObject[]> {
  await Promise.all(pods.map((pod) => api.apply(pod, { signal: never })))
  const names = pods.map(({ metadata }) => metadata.name)
  const ready = (found: readonly KubeObject[]): boolean =>
    names.every((name) => found.some((pod) => pod.metadata.name === name && isReady(pod)))
  const found = await api.waitFor({ apiVersion: 'v1', kind: 'Pod' }, { namespace: 'default' }, ready, {
    timeoutMs: 120_000,
    signal: never,
    awaited: `pods ${names.join(', ')} to be Ready`,
    describe: (seen) =>
      JSON.stringify(seen.map((pod) => [pod.metadata.name, pod.status as unknown])).slice(0, 2000),
  })
  return names.flatMap((name) => found.filter(({ metadata }) => metadata.name === name))
}

export function podIp(pod: KubeObject | undefined): string {
  return (pod?.status as { podIP?: string } | undefined)?.podIP ?? ''
}

/** Runs a shell command in a pod and gives its output; throws with it on failure. */
export async function shell(api: KubeApi, pod: string, command: string): Promise<string> {
  const target = { namespace: 'default', name: pod }
  const result = await execText(api, target, ['busybox', 'sh', '-c', command], {
    timeoutMs: 60_000,
    signal: never,
  })
  if (result.exitCode !== 0)
    throw new Error(`"${command}" in ${pod} ended with ${result.exitCode}: ${result.stderr}${result.stdout}`)
  return result.stdout.trim()
}

/** Two replicas behind a Service. */
export async function runWeb(api: KubeApi, node?: string): Promise<void> {
  await runPods(api, [webPod('one', node), webPod('two', node)])
  await api.apply(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    { signal: never },
  )
}

/** The Service that `runWeb` made answers by its DNS name, asked from one of its pods. */
export async function answers(api: KubeApi): Promise<boolean> {
  return (await shell(api, 'one', 'busybox wget -qO- -T 2 http://web.default.svc.cluster.local/')) !== ''
}
