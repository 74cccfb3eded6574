import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { changedConfiguration } from '../kubeadm/changed-configuration.js'
import { keptIn, type KeptConfiguration } from '../kubeadm/kept-configuration.js'
import { readKeptConfiguration } from '../kubeadm/read-kept.js'
import { isReady } from '../nested-api/conditions.js'
import { inputFor, specsBefore } from './change-settings.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { SettingsRefused } from './settings-refused.js'

const namespace = 'kube-system'
const configMapKind = { apiVersion: 'v1', kind: 'ConfigMap' }
const podKind = { apiVersion: 'v1', kind: 'Pod' }
const daemonSetKind = { apiVersion: 'apps/v1', kind: 'DaemonSet' }
const proxy = 'kube-proxy'
/** On the pods of kube-proxy: which settings they were started for. */
const annotation = 'knest.dev/settings'
/** One pod after another: it takes seconds, and a minute on a busy machine. */
const proxyMs = 150_000

/** Writes the record's settings where kubeadm reads them when a node joins. All else there stays. Repeatable. */
export async function changeKeptSettings(context: StepContext, signal: AbortSignal): Promise<void> {
  const api = need(context.api, 'the nested API')
  const [kept, changed] = await changedIn(context, api, signal)
  await write(api, 'cluster', kept, changed, signal)
  await write(api, 'kubelet', kept, changed, signal)
}

/**
 * The same for kube-proxy, which starts anew node by node. Throws SettingsRefused when one of its pods ends again and
 * again with them: the others are as they were. A cluster without it does without.
 */
export async function changeProxySettings(
  context: StepContext,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const api = need(context.api, 'the nested API')
  const [kept, changed] = await changedIn(context, api, signal)
  const daemonSet = await api.get(daemonSetKind, proxy, namespace, signal)
  if (kept.proxy === undefined || daemonSet === undefined) return
  await write(api, 'proxy', kept, changed, signal)
  const template = { metadata: { annotations: { [annotation]: digest } } }
  await api.patch(daemonSetKind, proxy, namespace, { spec: { template } }, { signal })
  const { desiredNumberScheduled = 1 } = (daemonSet.status ?? {}) as { desiredNumberScheduled?: number }
  const isNew = ({ metadata }: KubeObject): boolean => metadata.annotations?.[annotation] === digest
  await api.waitFor(
    podKind,
    { namespace, labelSelector: `k8s-app=${proxy}` },
    (pods) => {
      const failed = pods.find((pod) => isNew(pod) && endsAgain(pod))
      if (failed !== undefined) throw refused(failed)
      return pods.length >= desiredNumberScheduled && pods.every((pod) => isNew(pod) && isReady(pod))
    },
    {
      timeoutMs: proxyMs * (await context.timeoutFactor()),
      signal,
      awaited: 'kube-proxy to run everywhere with its settings',
      describe: (pods) => `${pods.filter((pod) => isNew(pod) && isReady(pod)).length} of ${pods.length} pods`,
    },
  )
}

/** All nodes have the record's settings. What an object was refused stays refused. */
export async function endSettings({ record, home }: StepContext, signal: AbortSignal): Promise<void> {
  const refusedBefore = record.settings?.refused
  await home.noteSettings?.(record, refusedBefore && { refused: refusedBefore }, signal)
}

async function changedIn(
  context: StepContext,
  api: KubeApi,
  signal: AbortSignal,
): Promise<readonly [KeptConfiguration, KeptConfiguration]> {
  const kept = await readKeptConfiguration(api, signal)
  const [node = ''] = context.existingControlPlanes
  return [kept, changedConfiguration(kept, specsBefore(context), await inputFor(context, node))]
}

async function write(
  api: KubeApi,
  part: keyof KeptConfiguration,
  kept: KeptConfiguration,
  changed: KeptConfiguration,
  signal: AbortSignal,
): Promise<void> {
  if (changed[part] === kept[part]) return
  const { name, key } = keptIn[part]
  await api.patch(configMapKind, name, namespace, { data: { [key]: changed[part] } }, { signal })
}

interface ContainerStatus {
  readonly restartCount?: number
}

function endsAgain({ status }: KubeObject): boolean {
  const { containerStatuses = [] } = (status ?? {}) as { containerStatuses?: readonly ContainerStatus[] }
  return containerStatuses.some(({ restartCount = 0 }) => restartCount >= 2)
}

function refused({ spec }: KubeObject): SettingsRefused {
  const { nodeName = '' } = (spec ?? {}) as { nodeName?: string }
  return new SettingsRefused(
    `kube-proxy on "${nodeName}" did not come up with the settings: it ends again and again`,
  )
}
