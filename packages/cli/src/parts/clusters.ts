import {
  createClusters,
  createKubernetesHome,
  KnestError,
  openKube,
  type BackendName,
  type KubeApi,
  type NodeBackend,
} from '@knest/core'
import type { HostOptions, OpenClusters } from '../deps.js'
import { addressAdapters, backends } from '../parts.js'

/** The nested clusters of the host cluster that kubectl's flags would choose. */
export async function openClusters({ context, kubeconfig }: HostOptions): Promise<OpenClusters> {
  const api = await openKube({ context, kubeconfig })
  // One of each for a command: the VM backend keeps connections that all its steps share.
  const opened: Partial<Record<BackendName, Promise<NodeBackend>>> = {}
  return {
    clusters: createClusters({
      home: createKubernetesHome(api),
      backend: (name) => (opened[name] ??= openBackend(name, api)),
      addressAdapter: (name, options) => addressAdapters[name](api, options),
    }),
    description: api.description,
    hostVersion: async (signal) => versionOf((await api.raw('/version', signal)).body),
    close: () => api.close(),
  }
}

async function openBackend(name: BackendName, api: KubeApi): Promise<NodeBackend> {
  const open: ((api: KubeApi) => Promise<NodeBackend>) | undefined = (
    backends as Partial<Record<BackendName, typeof open>>
  )[name]
  if (open === undefined) {
    throw new KnestError('prerequisite', `nodes of backend "${name}" are not available on a host cluster`, {
      hint: `use ${Object.keys(backends).join(' or ')}`,
    })
  }
  return open(api)
}

function versionOf(body: string): string {
  const { gitVersion } = JSON.parse(body) as { readonly gitVersion?: string }
  return gitVersion ?? 'unknown'
}
