import { join } from 'node:path'
import { anySignal, KnestError, loadManifest, parseManifest, mergePatch, podTrouble } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, ManifestPurpose, Progress, RunOptions } from '@knest/core'
import { findCondition, kubeVirtKind, type VmStatus } from './kubevirt.js'

export interface InstallOptions {
  /**
   * Folder or URL that holds `kubevirt-operator.yaml` and `kubevirt-cr.yaml` of a KubeVirt release;
   * `{version}` in it stands for the version.
   */
  readonly manifests: string
  /** As in `v1.8.4`. */
  readonly version: string | undefined
  /** Run VMs in software where there is no KVM. */
  readonly emulation: boolean
}

const crdKind: KindRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const crdMs = 60_000

const purpose: ManifestPurpose = {
  what: 'KubeVirt manifest',
  unreadableHint:
    'without internet, copy both files of a KubeVirt release into a folder and give it with --manifests',
}

/** Installs KubeVirt, or changes the one that is there, and waits until it is deployed. Repeatable. */
export async function installKubeVirt(
  api: KubeApi,
  options: InstallOptions,
  { signal, progress, timeoutMs }: RunOptions,
): Promise<void> {
  const bounded = anySignal(signal, AbortSignal.timeout(timeoutMs))
  const [operator, resource] = await progress.phase('Read the manifests of KubeVirt', () =>
    Promise.all([
      read(options, 'kubevirt-operator.yaml', bounded),
      read(options, 'kubevirt-cr.yaml', bounded),
    ]),
  )
  await progress.phase('Install the operator of KubeVirt', async () => {
    for (const object of operator) await api.apply(object, { signal: bounded })
    await crdEstablished(api, bounded)
    for (const object of resource) {
      const wanted = await configured(api, object, options, progress, bounded)
      await api.apply(wanted, { signal: bounded })
    }
  })
  await progress.phase('Wait until KubeVirt is deployed', async (inner) =>
    deployed(api, timeoutMs, signal, inner),
  )
}

async function read(
  { manifests, version }: InstallOptions,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  if (manifests.includes('{version}') && version === undefined) {
    throw new KnestError('usage', `"${manifests}" asks for a version, and none is given`, {
      hint: 'give one, as in --version v1.8.4',
    })
  }
  const base = manifests.replaceAll('{version}', version ?? '')
  const source = /^https?:\/\//.test(base) ? `${base.replace(/\/$/, '')}/${name}` : join(base, name)
  return parseManifest(await loadManifest(source, signal, purpose), source, purpose)
}

/** The one that is there may run VMs in software: that stays, since its VMs would not start any more. */
async function configured(
  api: KubeApi,
  object: KubeObject,
  { emulation }: InstallOptions,
  progress: Pick<Progress, 'note'>,
  signal: AbortSignal,
): Promise<KubeObject> {
  if (object.kind !== kubeVirtKind.kind) return object
  const { name, namespace } = object.metadata
  const there = await api.get(kubeVirtKind, name, namespace, signal)
  const isKept = !emulation && there !== undefined && emulates(there) && !emulates(object)
  if (isKept) progress.note('the KubeVirt that is there runs VMs in software, and goes on doing so')
  if (!emulation && !isKept) return object
  const configuration = { developerConfiguration: { useEmulation: true } }
  return mergePatch(object, { spec: { configuration } }) as KubeObject
}

function emulates({ spec }: KubeObject): boolean {
  const { configuration } = (spec ?? {}) as {
    configuration?: { developerConfiguration?: { useEmulation?: boolean } }
  }
  return configuration?.developerConfiguration?.useEmulation === true
}

async function crdEstablished(api: KubeApi, signal: AbortSignal): Promise<void> {
  const established = ([crd]: readonly KubeObject[]): boolean =>
    findCondition((crd?.status ?? {}) as VmStatus, 'Established')?.status === 'True'
  await api.waitFor(crdKind, { fieldSelector: 'metadata.name=kubevirts.kubevirt.io' }, established, {
    timeoutMs: crdMs,
    signal,
    awaited: 'the host to know objects of kind KubeVirt',
    describe: (seen) =>
      seen.length === 0 ? 'the manifest of the operator has no such kind' : 'not established yet',
  })
}

/** The operator says little while its images are pulled: its pods say it. */
async function deployed(
  api: KubeApi,
  timeoutMs: number,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  const ended = new AbortController()
  const watching = anySignal(signal, ended.signal)
  let pods = ''
  const onlooker = api
    .waitFor(
      podKind,
      { labelSelector: 'kubevirt.io' },
      (seen) => {
        pods = [...new Set(seen.map(podTrouble))].filter(Boolean).join('; ')
        if (pods !== '') progress.note(pods)
        return false
      },
      { timeoutMs, signal: watching, awaited: 'pods', describe: () => '' },
    )
    .catch(() => undefined)
  const phaseOf = ([object]: readonly KubeObject[]): string => {
    const { phase, observedGeneration } = (object?.status ?? {}) as {
      phase?: string
      observedGeneration?: number
    }
    // What it says is of before the change.
    if (observedGeneration !== undefined && observedGeneration !== object?.metadata.generation)
      return 'the operator has not looked at it yet'
    return phase ?? 'not begun'
  }
  try {
    await api.waitFor(kubeVirtKind, {}, (seen) => phaseOf(seen) === 'Deployed', {
      timeoutMs,
      signal,
      awaited: 'KubeVirt to be deployed',
      describe: (seen) => [phaseOf(seen), pods].filter(Boolean).join('; '),
    })
  } finally {
    ended.abort()
    await onlooker
  }
}
