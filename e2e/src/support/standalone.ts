import { openKube } from 'knest/kube'
import type { KubeApi } from 'knest'
import { isReady, never, openHost, within } from './cluster.js'
import type { TestHome } from './home.js'
import { createReaderHome, runBlock } from './readme.js'
import { secondsUntil } from './until.js'

/** A cluster of rendered manifests, made with kubectl alone. */
export interface StandaloneCluster {
  readonly namespace: string
  readonly home: TestHome
  readonly host: KubeApi
  /** The nested API by the kubeconfig of the cluster's Secret, at one control plane: by default the first. */
  open(controlPlane?: string): Promise<KubeApi>
  /** Runs a script as a reader would; gives what it prints, throws when it fails. */
  run(script: string): Promise<string>
  /** Deletes the namespace and nothing else. */
  remove(): Promise<void>
  close(): void
}

const nodeKind = { apiVersion: 'v1', kind: 'Node' }

/** Applies what `knest render --standalone` prints; does not wait for anything. */
export async function applyStandalone(name: string, flags = ''): Promise<StandaloneCluster> {
  const home = createReaderHome()
  const host = await openHost(home)
  const namespace = `knest-${name}`
  const run = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await runBlock(home, script)
    if (code !== 0) throw new Error(`"${script}" ended with ${String(code)}:\n${stderr}${stdout}`)
    return stdout
  }
  await run(`knest render ${name} --standalone ${flags} | kubectl apply -f -`)
  const kubeconfig = `kubectl -n ${namespace} get secret ${name}-kubeconfig -o jsonpath='{.data.value}' | base64 -d`
  return {
    namespace,
    home,
    host,
    run,
    open: async (controlPlane = `${name}-cp-0`) =>
      openKube({
        kubeconfigText: await run(kubeconfig),
        context: `${namespace}-forwarded`,
        dial: (signal) => host.forward({ namespace, name: `${controlPlane}-0` }, 6443, signal),
      }),
    remove: async () => {
      await run(`kubectl delete namespace ${namespace} --ignore-not-found`)
    },
    close: () => {
      host.close()
      home.remove()
    },
  }
}

/** Opens the nested API once it answers and all nodes are Ready; gives the seconds that took as well. */
export async function awaitStandalone(
  cluster: StandaloneCluster,
  nodes: number,
  limitSeconds: number,
): Promise<{ readonly api: KubeApi; readonly seconds: number }> {
  let api: KubeApi | undefined
  const seconds = await secondsUntil(
    async () => {
      api ??= await cluster.open()
      const found = await api.list(nodeKind, { signal: within(3_000) })
      return found.length === nodes && found.every(isReady)
    },
    limitSeconds,
    `${String(nodes)} nodes of ${cluster.namespace} to be Ready`,
  )
  if (api === undefined) throw new Error('no nested API')
  return { api, seconds }
}

/** The uid of a node's pod; undefined when there is none. */
export async function podUid(cluster: StandaloneCluster, node: string): Promise<string | undefined> {
  const pod = await cluster.host.get({ apiVersion: 'v1', kind: 'Pod' }, `${node}-0`, cluster.namespace, never)
  return pod?.metadata.uid
}
