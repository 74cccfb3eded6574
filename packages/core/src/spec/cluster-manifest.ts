import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { parseCniChoice } from '../addons/render.js'
import { KnestError } from '../errors.js'
import * as defaults from '../defaults.js'
import { clusterApiVersion, clusterKind } from './parse-file.js'

/**
 * The NestedCluster object of a desired spec, for others to apply: it belongs to them, so that it has no label of
 * knest's. What is decided by the host is left out, what has a default is written down, so that neither
 * another host nor another version of knest changes it. Read again it gives the same spec. Throws
 * `config` for a spec that only this machine can fulfil.
 */
export function clusterManifest(
  ref: ClusterRef,
  spec: ClusterSpec,
  labels: Readonly<Record<string, string>> = {},
): KubeObject {
  checkReadableAnywhere(spec.network.cni)
  const { network, endpoint, persistence, hostPatches, workers, ...rest } = spec
  const { vxlanPort, mtu, ...ranges } = network
  const desired = {
    ...rest,
    workers: workers.map(({ labels: onNodes, taints, ...pool }) => ({
      ...pool,
      ...(Object.keys(onNodes).length > 0 ? { labels: onNodes } : {}),
      ...(taints.length > 0 ? { taints } : {}),
    })),
    network: {
      ...ranges,
      // The default gives way to another port where the host uses it.
      ...(vxlanPort === defaults.defaultVxlanPort ? {} : { vxlanPort }),
      ...(mtu === defaults.automaticMtu ? {} : { mtu }),
    },
    ...(endpoint.serviceType === 'auto' ? {} : { endpoint }),
    persistence,
    ...(hostPatches.length > 0 ? { hostPatches } : {}),
  }
  return {
    apiVersion: clusterApiVersion,
    kind: clusterKind,
    metadata: {
      name: ref.name,
      namespace: ref.namespace,
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
    },
    // A copy without undefined fields.
    spec: JSON.parse(JSON.stringify(desired)),
  }
}

function checkReadableAnywhere(cni: string): void {
  const { source } = parseCniChoice(cni)
  if (source === undefined || /^https?:\/\//.test(source)) return
  throw new KnestError(
    'config',
    `CNI manifest "${source}" is a file of this machine, which a controller cannot read`,
    {
      hint: 'give its URL, use flannel, or render with --standalone, which puts the manifest inside',
    },
  )
}
