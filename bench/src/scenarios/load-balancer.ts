import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isReady } from '@knest/core'
import { webPod } from '@knest/testing/web-pod'
import { openKube } from 'knest/kube'
import type { KindRef, KubeApi, KubeObject } from 'knest'
import type { Knest } from '../knest.js'
import type { Scenario } from './scenario.js'

const podKind = { apiVersion: 'v1', kind: 'Pod' }
const serviceKind = { apiVersion: 'v1', kind: 'Service' }
const mostMs = 60_000

/** From a nested pod being Ready to this machine having an answer of it, through a Service of type LoadBalancer. */
export const loadBalancer: Scenario = {
  figures: ['loadbalancer-ready'],
  run: async ({ cluster, knest }) => {
    await knest.remove(cluster)
    await knest.create(cluster, 1, 1)
    const seconds = await withCluster(knest, cluster, untilAnswer)
    await knest.remove(cluster)
    return { 'loadbalancer-ready': seconds }
  },
}

async function withCluster<T>(knest: Knest, cluster: string, work: (api: KubeApi) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'knest-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, await knest.output('kubeconfig', cluster), { mode: 0o600 })
  const api = await openKube({ kubeconfig })
  try {
    return await work(api)
  } finally {
    api.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilAnswer(api: KubeApi): Promise<number> {
  const signal = AbortSignal.timeout(2 * mostMs)
  const http = [{ port: 80, targetPort: 8080 }]
  const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: http }
  await api.apply({ ...serviceKind, metadata: { name: 'bench', namespace: 'default' }, spec }, { signal })
  await api.apply(webPod('bench', undefined), { signal })
  const wait = async (kind: KindRef, is: (found: KubeObject) => boolean): Promise<KubeObject | undefined> => {
    const only = { namespace: 'default', fieldSelector: 'metadata.name=bench' }
    const limits = { timeoutMs: mostMs, signal, awaited: `${kind.kind} "bench"`, describe: String }
    return (await api.waitFor(kind, only, (found) => found.some(is), limits))[0]
  }
  await wait(podKind, isReady)
  const ready = performance.now()
  const address = addressOf(await wait(serviceKind, (service) => addressOf(service) !== undefined))
  while (!(await answers(`http://${address ?? ''}/`))) {
    signal.throwIfAborted()
    await delay(20)
  }
  return (performance.now() - ready) / 1000
}

function addressOf(service: KubeObject | undefined): string | undefined {
  const { loadBalancer: given } = (service?.status ?? {}) as { loadBalancer?: { ingress?: { ip: string }[] } }
  return given?.ingress?.[0]?.ip
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(500), headers: { connection: 'close' } })).ok
  } catch {
    return false
  }
}
