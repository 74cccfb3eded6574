import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKube } from 'knest/kube'
import type { KubeApi } from 'knest'
import { createHome, hostContext } from './home.js'
import type { TestHome } from './home.js'
import { hostReport } from './host-report.js'
import { knest, runKnest } from './knest.js'
import { nodeFlags, patience } from './nodes.js'

export { isReady } from '@knest/core'

/** A nested cluster that a test made, with the ways to look at it. */
export interface TestCluster {
  readonly name: string
  readonly namespace: string
  readonly home: TestHome
  readonly kubeconfigPath: string
  /** The nested API by the kubeconfig that knest wrote. */
  readonly api: KubeApi
  knest(...args: readonly string[]): Promise<string>
  /** Reads the kubeconfig again, after it may have changed. */
  reopen(): Promise<KubeApi>
  remove(): Promise<void>
}

export async function openHost(home: TestHome): Promise<KubeApi> {
  return openKube({ kubeconfig: home.kubeconfig, context: hostContext })
}

/** The nested API by the kubeconfig that knest wrote. */
export function openCluster(home: TestHome, name: string): Promise<KubeApi> {
  return openKube({ kubeconfig: kubeconfigOf(home, name) })
}

function kubeconfigOf(home: TestHome, name: string): string {
  return join(home.path, '.kube', `knest.knest-${name}.${name}.kubeconfig`)
}

/** Whether it is there, and does not go. */
async function hasNamespace(home: TestHome, namespace: string): Promise<boolean> {
  const host = await openHost(home)
  try {
    const found = await host.get({ apiVersion: 'v1', kind: 'Namespace' }, namespace, undefined, never)
    return found !== undefined && found.metadata.deletionTimestamp === undefined
  } finally {
    host.close()
  }
}

/**
 * Creates a cluster by the CLI, with nodes of the run's kind. Its name tells which test it belongs to. One that fails
 * says what the host saw, and leaves no nodes that take the room of the next test's. `remove` throws when the namespace
 * stays for something a test has put into it.
 */
export async function createCluster(name: string, ...flags: readonly string[]): Promise<TestCluster> {
  const home = createHome()
  const namespace = `knest-${name}`
  const isBroughtAlong = await hasNamespace(home, namespace)
  const remove = async (): Promise<void> => {
    const deleted = await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    const isLeft = !isBroughtAlong && (await hasNamespace(home, namespace))
    home.remove()
    if (isLeft) throw new Error(`namespace ${namespace} is left on the host; delete said:\n${deleted.stderr}`)
  }
  try {
    await knest(home, 'create', name, ...nodeFlags, '--timeout', `${5 * patience}m`, ...flags)
  } catch (error) {
    const seen = await hostReport()
    await remove()
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`${message}\nthe host's view:\n${seen}`, { cause: error })
  }
  const kubeconfigPath = kubeconfigOf(home, name)
  const open = (): Promise<KubeApi> => openKube({ kubeconfigText: readFileSync(kubeconfigPath, 'utf8') })
  return {
    name,
    namespace,
    home,
    kubeconfigPath,
    api: await open(),
    knest: (...args) => knest(home, ...args),
    reopen: open,
    remove,
  }
}

export const never: AbortSignal = new AbortController().signal

export function within(milliseconds: number): AbortSignal {
  return AbortSignal.timeout(milliseconds)
}

export async function listNames(api: KubeApi, kind: string, namespace?: string): Promise<readonly string[]> {
  const objects = await api.list({ apiVersion: 'v1', kind }, { namespace, signal: never })
  return objects.map(({ metadata }) => metadata.name).sort()
}
