import { yamlText } from '../yaml-text.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { serviceAddresses } from '../home/services.js'
import { initConfiguration, joinConfiguration } from '../kubeadm/config.js'
import { workerSettings } from '../kubeadm/node-files.js'
import { objectNames } from '../names.js'
import { certificatesScript, certificateValidity } from './certificates-script.js'
import { controlPlaneScript, discoveryPath } from './control-plane-script.js'
import { placeholders } from './names.js'
import { startScript } from './start-script.js'
import { workerScript } from './worker-script.js'

export interface Settings {
  /** Of the ConfigMap, by key. */
  readonly data: Readonly<Record<string, string>>
  /** Which of them a node gets, by the file's name. */
  readonly controlPlane: Readonly<Record<string, string>>
  pool(name: string): Readonly<Record<string, string>>
  readonly certificates: Readonly<Record<string, string>>
}

interface SettingsInput {
  readonly ref: ClusterRef
  readonly spec: ClusterSpec
  readonly controlPlanes: readonly string[]
  readonly addons: readonly KubeObject[]
}

/** All that nodes set themselves up by and that is not secret. */
export function standaloneSettings({ ref, spec, controlPlanes, addons }: SettingsInput): Settings {
  const { node, identity, apiAddress } = placeholders
  const input = {
    ref,
    spec,
    node,
    addresses: serviceAddresses(ref, apiAddress, new Map([[node, identity]])),
    cgroupDriver: 'cgroupfs',
    timeoutFactor: 1,
  } as const
  const pools = spec.workers.map((pool) => {
    const files = workerSettings({ ref, spec, pool, cgroupDriver: 'cgroupfs' })
    return files.map(({ path, content }) => ({ pool: pool.name, file: fileName(path), content }))
  })
  const key = (pool: string, file: string): string => `worker.${pool}.${file}`
  return {
    data: {
      start: startScript,
      'control-plane': controlPlaneScript,
      worker: workerScript,
      certificates: certificatesScript({
        cluster: ref.name,
        pkiSecret: objectNames.pkiSecret(ref.name),
        kubeconfigSecret: objectNames.kubeconfigSecret(ref.name),
      }),
      'control-planes': controlPlanes.map((name) => `${name}\n`).join(''),
      'init.yaml': initConfiguration({ ...input, certificateValidity }),
      'join.yaml': joinConfiguration({ ...input, discoveryPath }),
      'addons.yaml': addons.map(documentOf).join('---\n'),
      ...Object.fromEntries(pools.flat().map(({ pool, file, content }) => [key(pool, file), content])),
    },
    controlPlane: {
      start: 'start',
      'set-up': 'control-plane',
      ...same('control-planes', 'init.yaml', 'join.yaml', 'addons.yaml'),
    },
    pool: (name) => ({
      start: 'start',
      'set-up': 'worker',
      ...Object.fromEntries(
        (pools.find(([first]) => first?.pool === name) ?? []).map(({ file }) => [file, key(name, file)]),
      ),
    }),
    certificates: same('certificates', 'init.yaml'),
  }
}

function documentOf(object: KubeObject): string {
  return yamlText(object, { lineWidth: 0, aliasDuplicateObjects: false })
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function same(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, name]))
}
