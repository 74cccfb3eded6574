import type { KubeApi } from 'knest'
import { never } from './cluster.js'

/** Names of the host's volumes that were made for claims of a namespace, whether it is still there or not. */
export async function volumesOf(host: KubeApi, namespace: string): Promise<readonly string[]> {
  const volumes = await host.list({ apiVersion: 'v1', kind: 'PersistentVolume' }, { signal: never })
  const isOf = (spec: unknown): boolean =>
    (spec as { claimRef?: { namespace?: string } }).claimRef?.namespace === namespace
  return volumes.filter(({ spec }) => isOf(spec)).map(({ metadata }) => metadata.name)
}
