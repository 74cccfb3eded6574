import type { ClusterNetwork } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { calicoManifestUrl, patchCalico } from './calico.js'
import { ciliumHint, patchCilium } from './cilium.js'
import { flannelObjects } from './flannel.js'
import { loadManifest, parseManifest } from './manifest-text.js'

export interface CniOptions {
  /** `HOST:PORT` of the API as nodes reach it. */
  readonly controlPlaneEndpoint: string
  /** Told before anything is fetched from the network. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
  readonly flannelImage?: string | undefined
  /** Reads a file or URL. */
  readonly load?: ((source: string, signal: AbortSignal) => Promise<string>) | undefined
}

/** A CNI choice taken apart: `calico=FILE` has a source of its own, `FILE` is used as it is. */
export function parseCniChoice(cni: string): { readonly kind: string; readonly source: string | undefined } {
  const match = /^(calico|cilium)=(.+)$/.exec(cni)
  if (match?.[1] !== undefined) return { kind: match[1], source: match[2] }
  if (cni === 'calico') return { kind: cni, source: calicoManifestUrl }
  if (cni === 'flannel' || cni === 'none' || cni === 'cilium') return { kind: cni, source: undefined }
  return { kind: 'manifest', source: cni }
}

/**
 * The objects that make the nested network. Throws `config` when the manifest it needs cannot be read
 * or is another. Callers that want to know before they create anything call it in preflight.
 */
export async function renderCni(network: ClusterNetwork, options: CniOptions): Promise<KubeObject[]> {
  const { kind, source } = parseCniChoice(network.cni)
  if (kind === 'none') return []
  if (kind === 'flannel') {
    const { podNetworkCidr, vxlanPort, mtu } = network
    const { controlPlaneEndpoint, flannelImage: image } = options
    return flannelObjects({ podNetworkCidr, vxlanPort, mtu, controlPlaneEndpoint, image })
  }
  if (source === undefined) {
    throw new KnestError('config', `CNI "${network.cni}" needs a manifest`, { hint: ciliumHint })
  }
  if (/^https?:\/\//.test(source)) options.note(`Fetching the CNI manifest from ${source}`)
  const objects = parseManifest(await (options.load ?? loadManifest)(source, options.signal), source)
  if (kind === 'calico') return patchCalico(objects, network)
  return kind === 'cilium' ? patchCilium(objects, network) : objects
}
