import type { KubeApi, KubeObject, Problem } from '@knest/core'
import { getOrUndefined, listOrUndefined } from './kinds.js'

/** Calico's own address management is the only one that honours the annotations. */
export async function ipamProblems(api: KubeApi, signal: AbortSignal): Promise<readonly Problem[]> {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap' }
  const [installation, config, canal, blocks] = await Promise.all([
    getOrUndefined(
      api,
      { apiVersion: 'operator.tigera.io/v1', kind: 'Installation' },
      'default',
      undefined,
      signal,
    ),
    getOrUndefined(api, configMap, 'calico-config', 'kube-system', signal),
    getOrUndefined(api, configMap, 'canal-config', 'kube-system', signal),
    listOrUndefined(api, { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPAMBlock' }, signal),
  ])
  const other = otherIpam(installation, config ?? canal)
  if (other !== undefined) return [refused(other)]
  const isKnown = installation !== undefined || config !== undefined || (blocks ?? []).length > 0
  return isKnown ? [] : [unknownIpam]
}

/** The address management in use when it is another than Calico's. */
function otherIpam(installation: KubeObject | undefined, config: KubeObject | undefined): string | undefined {
  const spec = installation?.spec as { cni?: { type?: string; ipam?: { type?: string } } } | undefined
  const operator = spec?.cni?.ipam?.type ?? (spec?.cni?.type === 'Calico' ? 'Calico' : spec?.cni?.type)
  if (operator !== undefined) return operator === 'Calico' ? undefined : operator
  const network = (config?.data as Record<string, string> | undefined)?.cni_network_config ?? ''
  const type = /"ipam"\s*:\s*\{[^{}]*"type"\s*:\s*"([^"]+)"/.exec(network)?.[1]
  return type === undefined || type === 'calico-ipam' ? undefined : type
}

function refused(ipam: string): Problem {
  return {
    message: `Calico of the host lets "${ipam}" assign addresses, which cannot give a certain one to a pod`,
    hint: 'leave --machine-addresses out: node addresses may change, and the cluster survives it',
    severity: 'error',
  }
}

const unknownIpam: Problem = {
  message: 'it is not known whether Calico of the host assigns addresses itself (calico-ipam)',
  hint: 'if a node pod does not start, see its events; then leave --machine-addresses out',
  severity: 'warning',
}
