import { PreflightError, type Problem } from '../../errors.js'
import type { ClusterInput } from '../schema.js'
import { checkShape, type Locate } from '../schema-problems.js'
import { fromClusterConfiguration } from './cluster-configuration.js'
import { registriesIn } from './containerd-patches.js'
import { patchedObjects, type Fields, type Patched } from './kubeadm-objects.js'
import { nodesOf } from './nodes.js'
import { Report } from './report.js'
import { kindFileSchema, type KindFile } from './schema.js'

export const kindApiVersion = 'kind.x-k8s.io/v1alpha4'
export const kindKind = 'Cluster'

export interface ConvertedKindFile {
  readonly name: string | undefined
  readonly input: ClusterInput
  /** What the cluster has in another way. */
  readonly warnings: readonly string[]
  /** What the cluster would lack. */
  readonly unsupported: readonly Problem[]
}

/**
 * A cluster file of kind (v1alpha4) as what knest would make. What has no counterpart is in `unsupported`, each with
 * its line: nothing is dropped in silence. Throws `config` for fields that kind does not have either.
 */
export function convertKindFile(value: unknown, locate: Locate): ConvertedKindFile {
  const checked = checkShape(kindFileSchema, value, { locate })
  if (!checked.ok) throw new PreflightError('config', checked.problems)
  const file = checked.value
  const report = new Report(locate)
  const patched = patchedObjects(file, [], report)
  const { kubernetesVersion, controlPlane, workers, kubelet } = nodesOf(file, patched, report)
  const ofCluster = clusterConfiguration(patched, report)
  const registries = registriesIn(file.containerdConfigPatches ?? [], report)
  for (const index of (file.containerdConfigPatchesJSON6902 ?? []).keys())
    report.lacks(
      ['containerdConfigPatchesJSON6902', index],
      'a JSON patch of containerd’s configuration',
      'write registry mirrors as TOML, in containerdConfigPatches',
    )
  const network = { ...ofCluster.network, ...networkOf(file, report) }
  const kubernetes = kubernetesOf(file, patched, ofCluster.kubernetes, kubelet)
  const input = {
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
    controlPlane,
    workers,
    ...(Object.keys(network).length > 0 && { network }),
    ...(Object.keys(kubernetes).length > 0 && { kubernetes }),
    ...(registries.length > 0 && { registries }),
  }
  return {
    name: file.name,
    input: input as ClusterInput,
    warnings: report.warnings,
    unsupported: report.unsupported,
  }
}

function clusterConfiguration(patched: Patched, report: Report): { kubernetes: Fields; network: Fields } {
  const found = patched.get('ClusterConfiguration')
  if (found === undefined) return { kubernetes: {}, network: {} }
  return fromClusterConfiguration(found.fields, found.path, report)
}

function networkOf({ networking = {} }: KindFile, report: Report): Fields {
  const path = ['networking']
  const { ipFamily, apiServerPort, apiServerAddress, dnsSearch, podSubnet, serviceSubnet } = networking
  if (ipFamily !== undefined && ipFamily !== 'ipv4')
    report.lacks([...path, 'ipFamily'], `ipFamily ${ipFamily}: nested clusters have IPv4`, 'take it out')
  if (dnsSearch !== undefined)
    report.lacks(
      [...path, 'dnsSearch'],
      'dnsSearch: nodes have the search domains of their host',
      'take it out',
    )
  if (networking.kubeProxyMode === 'none')
    report.lacks(
      [...path, 'kubeProxyMode'],
      'kubeProxyMode none: nodes reach the API by kube-proxy',
      'take it out',
    )
  if (apiServerAddress !== undefined || apiServerPort !== undefined)
    report.warn(
      path,
      'apiServerAddress and apiServerPort: the API is reached through a Service of the host; the kubeconfig has its address',
    )
  return {
    ...(podSubnet !== undefined && { podNetworkCidr: podSubnet.split(',') }),
    ...(serviceSubnet !== undefined && { serviceCidr: serviceSubnet.split(',') }),
    ...(networking.disableDefaultCNI === true && { cni: 'none' }),
  }
}

function kubernetesOf(file: KindFile, patched: Patched, components: Fields, flags: Fields): Fields {
  const kubelet = { ...patched.get('KubeletConfiguration')?.fields, ...flags }
  const { kubeProxyMode } = file.networking ?? {}
  const mode = kubeProxyMode === 'none' ? undefined : kubeProxyMode
  const kubeProxy = { ...(mode !== undefined && { mode }), ...patched.get('KubeProxyConfiguration')?.fields }
  return {
    ...(file.featureGates !== undefined && { featureGates: file.featureGates }),
    ...(file.runtimeConfig !== undefined && { runtimeConfig: file.runtimeConfig }),
    ...components,
    ...(Object.keys(kubelet).length > 0 && { kubelet }),
    ...(Object.keys(kubeProxy).length > 0 && { kubeProxy }),
  }
}
