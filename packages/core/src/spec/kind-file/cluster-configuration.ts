import type { Path } from '../schema-problems.js'
import type { Fields } from './kubeadm-objects.js'
import type { Report } from './report.js'
import { isRecord } from '../../values/index.js'

interface NameAndValue {
  readonly name: string
  readonly value: string
}

/** kubeadm's arguments: a map up to v1beta3, a list from v1beta4 on. */
export function argumentsIn(value: unknown): readonly NameAndValue[] {
  if (Array.isArray(value))
    return (value as readonly { readonly name: string; readonly value: unknown }[]).map(
      ({ name, value: text }) => ({ name, value: String(text) }),
    )
  return isRecord(value) ? Object.entries(value).map(([name, text]) => ({ name, value: String(text) })) : []
}

const components = ['apiServer', 'controllerManager', 'scheduler'] as const

/** What kubeadm's ClusterConfiguration asks for, as `spec.kubernetes` and `spec.network` have it. */
export function fromClusterConfiguration(
  fields: Fields,
  path: Path,
  report: Report,
): { readonly kubernetes: Fields; readonly network: Fields } {
  const kubernetes: Record<string, unknown> = {}
  for (const component of components) {
    const given = fields[component]
    if (!isRecord(given)) continue
    const known = component === 'apiServer' ? [...ofStaticPods, 'certSANs'] : ofStaticPods
    unread(given, known, `${component} of ClusterConfiguration`, path, report)
    const settings = componentSettings(given)
    if (Object.keys(settings).length > 0) kubernetes[component] = settings
  }
  const etcd = isRecord(fields.etcd) ? fields.etcd : {}
  const local = isRecord(etcd.local) ? etcd.local : {}
  unread(etcd, ['local'], 'etcd of ClusterConfiguration', path, report)
  unread(local, ['extraArgs', 'extraEnvs'], 'etcd.local of ClusterConfiguration', path, report)
  const etcdSettings = componentSettings(local)
  if (Object.keys(etcdSettings).length > 0) kubernetes.etcd = etcdSettings
  unread(fields, [...components, 'etcd', 'networking'], 'ClusterConfiguration', path, report)
  return { kubernetes, network: networkOf(fields.networking, path, report) }
}

const ofStaticPods = ['extraArgs', 'extraEnvs', 'extraVolumes']

function componentSettings({ extraArgs, extraEnvs, extraVolumes, certSANs }: Fields): Fields {
  const args = argumentsIn(extraArgs)
  return {
    ...(args.length > 0 && { extraArgs: args }),
    ...(isFilled(extraEnvs) && { extraEnvs }),
    ...(isFilled(extraVolumes) && { extraVolumes }),
    ...(isFilled(certSANs) && { certSANs }),
  }
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}

function networkOf(given: unknown, path: Path, report: Report): Fields {
  if (!isRecord(given)) return {}
  unread(
    given,
    ['podSubnet', 'serviceSubnet', 'dnsDomain'],
    'networking of ClusterConfiguration',
    path,
    report,
  )
  const { podSubnet, serviceSubnet, dnsDomain } = given
  return {
    ...(typeof podSubnet === 'string' && { podNetworkCidr: podSubnet.split(',') }),
    ...(typeof serviceSubnet === 'string' && { serviceCidr: serviceSubnet.split(',') }),
    ...(dnsDomain !== undefined && { dnsDomain }),
  }
}

/** Names each field that nothing is made of. */
export function unread(
  fields: Fields,
  known: readonly string[],
  what: string,
  path: Path,
  report: Report,
): void {
  for (const name of Object.keys(fields).filter((each) => !known.includes(each))) {
    report.lacks(path, `${name} in ${what}, which knest decides or does not know`, `take it out of the patch`)
  }
}
