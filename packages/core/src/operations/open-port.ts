import type { Clusters } from '../contracts/clusters.js'
import { openPort } from '../forwarding/index.js'

export type OpenPortOperation = Pick<Clusters, 'openPort'>

export function openPortOperation({ openApi }: Pick<Clusters, 'openApi'>): OpenPortOperation {
  return {
    openPort: (ref, request, run) => openPort((signal) => openApi(ref, signal), ref.name, request, run),
  }
}
