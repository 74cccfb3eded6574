import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { applyAll } from '../kube/index.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { requireCgroups } from './require-cgroups.js'
import { withoutKeptCorefile } from '../addons/kept-objects.js'
import { localPathObjects } from '../addons/index.js'
import { addonObjects } from '../addons/objects.js'

/** Installs the nested network, DNS and storage by server-side apply. Repeatable. */
export async function installAddons(
  context: StepContext,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const api = need(context.api, 'the nested API')
  const { controlPlaneEndpoint } = need(context.addresses, 'the addresses')
  const objects = await addonObjects(context.record.spec, { controlPlaneEndpoint, note, signal })
  await requireCgroups(context, objects, signal)
  await applyAddons(api, await withoutKeptCorefile(api, objects, signal), signal)
}

/** Installs storage in a cluster that has come without. Repeatable. */
export async function installStorage(context: StepContext, signal: AbortSignal): Promise<void> {
  await applyAll(need(context.api, 'the nested API'), localPathObjects(), signal)
}

/** The API server makes kube-system soon after it is ready; this does not wait for it. */
export async function applyAddons(
  api: KubeApi,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const kubeSystem = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } }
  await applyAll(api, [kubeSystem, ...objects], signal)
}
