import {
  createClusters,
  createKubernetesHome,
  KnestError,
  openKube,
  overOutages,
  pause,
  silentProgress,
  type BackendName,
  type Clusters,
  type KubeConnection,
  type KindRef,
  type KubeApi,
  type NodeBackend,
} from '@knest/core'
import type { ControllerControl, Host, HostIdentity, HostOptions, KubeVirtControl } from './host.js'
import { addressAdapters, backends, keepsVmAddresses } from './backends.js'

export async function openHost(options: HostOptions): Promise<Host> {
  const api = await openKube(options)
  // One of each for a host: the VM backend keeps connections that all its steps share.
  const opened: Partial<Record<BackendName, Promise<NodeBackend>>> = {}
  const clusters = createClusters({
    home: createKubernetesHome(api, { contextNamespace: api.namespace }),
    backend: (name) => (opened[name] ??= openBackend(name, api)),
    addressAdapter: (name, options) => addressAdapters[name](api, options),
    keepsVmAddresses: (signal) => keepsVmAddresses(api, signal),
  })
  return {
    clusters,
    description: api.description,
    identity: hostIdentity(api),
    kubeVirt: kubeVirtControl(api),
    controller: controllerControl(api, clusters),
    hostVersion: async (signal) => versionOf((await api.raw('/version', signal)).body),
    close: () => api.close(),
    [Symbol.asyncDispose]: () => {
      api.close()
      return Promise.resolve()
    },
  }
}

/** How long a host may be away for what comes with a create, and is done later where it is not done then. */
const outageMs = 60_000

function quiet(signal: AbortSignal): {
  readonly signal: AbortSignal
  readonly progress: typeof silentProgress
} {
  return { signal, progress: silentProgress }
}

function hostIdentity(api: KubeConnection): HostIdentity {
  const namespace: KindRef = { apiVersion: 'v1', kind: 'Namespace' }
  return {
    context: api.context,
    server: api.server,
    uid: async (signal) => {
      try {
        return (await api.get(namespace, 'kube-system', undefined, signal))?.metadata.uid
      } catch (error) {
        if (error instanceof KnestError && error.code === 'not-permitted') return undefined
        throw error
      }
    },
  }
}

function kubeVirtControl(api: KubeApi): KubeVirtControl {
  const room = () => import('@knest/kubevirt-vm-node')
  return {
    isThere: async (signal) => {
      try {
        return (await (await room()).readKubeVirt(api, signal)) !== undefined
      } catch (error) {
        if (error instanceof KnestError && error.code === 'not-permitted') return true
        throw error
      }
    },
    install: async (options, run) => (await room()).installKubeVirt(api, options, run),
  }
}

function controllerControl(api: KubeApi, clusters: Clusters): ControllerControl {
  const room = () => import('@knest/controller')
  return {
    find: async (signal) => (await room()).findController(api, signal),
    ensure: async (image, signal) => {
      const { ensureController } = await room()
      await overOutages(quiet(signal), () => ensureController(api, { image }, signal), { limitMs: outageMs })
    },
    bind: async (cluster, signal, isMadeNext) => {
      const { bindController } = await room()
      const bind = (): Promise<void> => bindController(api, cluster, signal, isMadeNext)
      await overOutages(quiet(signal), bind, { limitMs: outageMs })
    },
    install: async (image, run, options) => (await room()).installController(api, { image, ...options }, run),
    uninstall: async (run) => (await room()).uninstallController(api, run),
    removeIfUnused: async (going, run) => {
      const { removeUnusedController } = await room()
      await overOutages(run, () => removeUnusedController(api, going, run), { limitMs: run.timeoutMs })
    },
    work: async (options) =>
      (await room()).runController({
        ...options,
        api,
        clusters,
        pause,
      }),
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
