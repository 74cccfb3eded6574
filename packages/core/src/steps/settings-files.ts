import { kubectlCommand } from '../commands.js'
import type { ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { SettingsFile } from '../contracts/kubernetes-settings.js'
import { KnestError } from '../errors.js'
import type { NodeFile } from '../kubeadm/bundle.js'

/**
 * The files that a control plane has before kubeadm runs, those of ConfigMaps and Secrets as they are now. Throws
 * `prerequisite` for one that is not there.
 */
export async function settingsFiles(
  {
    record,
    home,
  }: { readonly record: ClusterRef & { readonly spec: ClusterSpec }; readonly home: ClusterHome },
  signal: AbortSignal,
): Promise<readonly NodeFile[]> {
  const files = record.spec.kubernetes?.files ?? []
  return Promise.all(
    files.map(async (file) => ({
      path: file.path,
      content: file.content ?? (await contentOf(file, home, record, signal)),
      mode: 0o600,
    })),
  )
}

async function contentOf(
  { path, configMap, secret }: SettingsFile,
  home: ClusterHome,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<string> {
  const kind = secret === undefined ? 'ConfigMap' : 'Secret'
  const { name = '', key = '' } = secret ?? configMap ?? {}
  const data = (await home.readData?.(kind, name, ref.namespace, signal))?.data
  const content = data?.[key]
  if (content !== undefined) return content
  const object = `${kind} "${ref.namespace}/${name}"`
  const what = data === undefined ? `${object} is not there` : `${object} has no key "${key}"`
  const make = [
    'create',
    ...(kind === 'Secret' ? ['secret', 'generic'] : ['configmap']),
    name,
    `--from-file=${key}=FILE`,
  ]
  const hint =
    data === undefined
      ? `make it: ${kubectlCommand(...make, '-n', ref.namespace)}`
      : `its keys are: ${Object.keys(data).join(', ')}`
  throw new KnestError('prerequisite', `file "${path}" of the control planes cannot be written: ${what}`, {
    hint,
  })
}
