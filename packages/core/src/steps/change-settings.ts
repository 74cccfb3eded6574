import { clusterCommand } from '../commands.js'
import type { ClusterSpec } from '../contracts/cluster.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { Progress } from '../contracts/progress.js'
import { KnestError } from '../errors.js'
import { packBundle } from '../kubeadm/bundle.js'
import { changedConfiguration, changedNames } from '../kubeadm/changed-configuration.js'
import { initConfiguration, type KubeadmInput } from '../kubeadm/config.js'
import type { KeptConfiguration } from '../kubeadm/kept-configuration.js'
import { patchesDirectory } from '../kubeadm/static-pod-patches.js'
import { wordsOfLog } from '../node/last-words.js'
import { readNodeState } from '../node/node-state.js'
import { runScript } from '../node/run-script.js'
import { certifyAgain } from '../pki/index.js'
import { alternativeNames } from '../pki/served-names.js'
import type { Step } from '../plan/step.js'
import { awaitTraffic } from './await-traffic.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { isOnlyMember, isSoleControlPlane, otherControlPlanes, removableMember } from './etcd-members.js'
import { keptIfKnown } from './kept-in-cluster.js'
import { removeLost } from './remove-node.js'
import { settingsFiles } from './settings-files.js'
import { SettingsRefused } from './settings-refused.js'
import {
  changeSettingsScript,
  inBundle,
  kubeletConfigPath,
  readSettingsScript,
  type Component,
} from './settings-scripts.js'

type ChangeStep = Extract<Step, { kind: 'change-settings' }>

const certificatePath = '/etc/kubernetes/pki/apiserver.crt'
/** API server and kubelet of a busy machine are back after seconds; kubeadm itself waits for four minutes. */
const healthySeconds = 150

/**
 * Gives one node the record's settings, one component after another. When one does not come up with them, the node has
 * its former ones again, and SettingsRefused is thrown. Repeatable after an interruption anywhere; a node that has them
 * is left alone.
 */
export async function changeSettings(
  context: StepContext,
  { node: name, role, digest, etcd, lost }: ChangeStep,
  progress: Pick<Progress, 'note'>,
  signal: AbortSignal,
): Promise<void> {
  const node = await context.openNode(name, signal)
  const state = await readNodeState(node, signal)
  if (state.disk !== 'bootstrapped' || state.settings === digest) return
  if (role === 'control-plane') await requireOthers(context, node, lost, signal)
  const components = role === 'worker' ? [] : componentsOf(etcd)
  const seconds = Math.ceil(healthySeconds * (await context.timeoutFactor()))
  progress.note('waiting for its components to be healthy with them')
  const said = await runScript(
    node,
    'change of settings',
    changeSettingsScript({ digest, components, seconds }),
    {
      stdin: await bundleFor(context, node, role, signal),
      // All of them, and all of them again with what was before.
      timeoutMs: (2 * (components.length + 1) * seconds + 60) * 1000,
      signal,
    },
  )
  if (role === 'control-plane') await awaitTraffic(context, name, signal)
  refuse(context, name, said)
}

function componentsOf(etcd: boolean): readonly Component[] {
  return [...(etcd ? (['etcd'] as const) : []), 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
}

/** Throws what the node said of a component that did not come up. */
function refuse({ record }: StepContext, node: string, said: string): void {
  const [, component, log = ''] = /^refused (\S+) ?(.*)$/m.exec(said) ?? []
  if (component === undefined) return
  const words = wordsOfLog(log)
  const broken = /^broken (\S+)$/m.exec(said)?.[1]
  throw new SettingsRefused(
    component === 'kubeadm'
      ? `kubeadm on "${node}" does not take the settings: ${words}`
      : `${component} on "${node}" did not come up with the settings${words === '' ? '' : `, and said last: ${words}`}`,
    broken === undefined
      ? undefined
      : `${broken} on "${node}" is not well with the former settings either; see: ${clusterCommand('status', record)}`,
  )
}

/** Whatever does not come back on it, the others must be able to go on. */
async function requireOthers(
  context: StepContext,
  node: NodeHandle,
  lost: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (await isSoleControlPlane(context, node.name, signal)) return
  if (await isOnlyMember(context, node, signal)) return
  const helpers = await otherControlPlanes(context, node.name, signal)
  await removeLost(context, helpers, lost, signal)
  await removableMember(context, helpers, node.name, signal)
}

/** The specs that nodes may still be made by, for who compares. */
export function specsBefore({ record }: Pick<StepContext, 'record'>): readonly ClusterSpec[] {
  return (record.settings?.before ?? []).map((kubernetes) => ({ ...record.spec, kubernetes }))
}

/** What kubeadm is told of this node. */
export async function inputFor(context: StepContext, node: string): Promise<KubeadmInput> {
  return {
    ref: context.record,
    spec: context.record.spec,
    node,
    addresses: need(context.addresses, 'the addresses'),
    cgroupDriver: (await context.backendOf(node)).features.cgroupDriver,
    timeoutFactor: await context.timeoutFactor(),
    patches: patchesDirectory,
  }
}

async function bundleFor(
  context: StepContext,
  node: NodeHandle,
  role: ChangeStep['role'],
  signal: AbortSignal,
): Promise<Buffer> {
  const options = { timeoutMs: 30_000, signal }
  const now = parseNow(await runScript(node, 'look at the settings', readSettingsScript, options))
  const input = await inputFor(context, node.name)
  const before = specsBefore(context)
  const { kubelet } = changedConfiguration({ kubelet: now.kubelet }, before, input)
  const files = [{ path: kubeletConfigPath, content: kubelet ?? now.kubelet, mode: 0o644 }]
  if (role === 'worker')
    return packBundle([
      ...files.map((file) => ({ ...file, path: `${inBundle.files}${file.path}` })),
      { path: inBundle.gone, content: '', mode: 0o600 },
      { path: inBundle.kept, content: '{}\n', mode: 0o600 },
    ])
  const kept = now.kept ?? (await keptIfKnown(context, signal))
  const given = await settingsFiles(context, signal)
  const gone = before
    .flatMap(({ kubernetes }) => kubernetes?.files ?? [])
    .map(({ path }) => path)
    .filter((path) => given.every((file) => file.path !== path))
  const content = initConfiguration({ ...input, kept: changedConfiguration(kept, before, input) })
  const certificate = await certificateFor(context, now.certificate, changedNames(before, input))
  return packBundle([
    ...[...files, ...given, ...certificate].map((file) => ({
      ...file,
      path: `${inBundle.files}${file.path}`,
    })),
    { path: inBundle.config, content, mode: 0o600 },
    { path: inBundle.gone, content: [...new Set(gone)].map((path) => `${path}\n`).join(''), mode: 0o600 },
    { path: inBundle.kept, content: `${JSON.stringify(kept)}\n`, mode: 0o600 },
  ])
}

interface Now {
  /** Written down by a change that was interrupted. */
  readonly kept: KeptConfiguration | undefined
  readonly kubelet: string
  readonly certificate: string
}

function parseNow(said: string): Now {
  const [, kept = '', kubelet = '', certificate = ''] =
    /^([^]*?)= kubelet\n([^]*?)= certificate\n([^]*)$/.exec(said) ?? []
  return {
    kept: kept.trim() === '' ? undefined : (JSON.parse(kept) as KeptConfiguration),
    kubelet,
    certificate,
  }
}

/** Its key stays, and the API server reads it again by itself. */
async function certificateFor(
  context: StepContext,
  pem: string,
  { added, removed }: ReturnType<typeof changedNames>,
): Promise<readonly { readonly path: string; readonly content: string; readonly mode: number }[]> {
  if (added.length + removed.length === 0) return []
  if (pem.trim() === '')
    throw new KnestError('prerequisite', `${certificatePath} of a control plane is not there`)
  const { ca } = need(context.authorities, 'the certificate authorities')
  const { dnsNames, ipAddresses } = alternativeNames(pem, added)
  const stays = (name: string): boolean => !removed.includes(name)
  const content = await certifyAgain(ca, pem, {
    commonName: 'kube-apiserver',
    usages: ['server'],
    dnsNames: dnsNames.filter(stays),
    ipAddresses: ipAddresses.filter(stays),
  })
  return [{ path: certificatePath, content, mode: 0o644 }]
}
