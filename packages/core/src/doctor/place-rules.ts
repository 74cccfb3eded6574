import { refusalProblem } from '../admission/index.js'
import { clusterCommand, kubectlCommand } from '../commands.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'
import { objectNames } from '../names.js'
import { phaseTable } from '../phases/index.js'
import { named, type Named } from './named.js'
import { blockingPolicies } from './network-policy.js'
import type { ClusterSnapshot, HostSnapshot } from './snapshot.js'

type Rule = (cluster: ClusterSnapshot, host: HostSnapshot) => readonly Named[]

/** What objects of the host say of a cluster. Each is pure. */
export const placeRules: readonly Rule[] = [refusals, claims, policies, wayIn, lock]

/** Why the host makes no pod of a node that it should make; of one that is there by now it is history. */
function refusals({ facts: { record, hostNodes } }: ClusterSnapshot, host: HostSnapshot): readonly Named[] {
  const { refusals: events = [] } = host.objects
  const known = { limitRanges: false, quotas: false, podSecurity: undefined }
  const waiting = hostNodes.filter(({ phase, hostNode }) => phase === 'pending' && hostNode === undefined)
  return waiting.flatMap(({ name, role, pool }) => {
    const own = events.filter((event) => (event.involvedObject as { name?: string }).name === name)
    const [latest] = [...own].sort((one, other) => timeOf(other) - timeOf(one))
    if (latest === undefined) return []
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { [labels.node]: name, [labels.role]: role, [labels.pool]: pool } },
    }
    const found = refusalProblem(record, pod, String(latest.message ?? ''), known)
    if (found?.reason === undefined) return []
    return [
      named(
        found.reason,
        `node/${name}`,
        `the host makes no pod of it: ${String(latest.message)}`,
        found.hint,
      ),
    ]
  })
}

function timeOf({ metadata, lastTimestamp, eventTime }: KubeObject): number {
  return Date.parse(String(lastTimestamp ?? eventTime ?? metadata.creationTimestamp))
}

interface Claim {
  readonly spec?: { readonly storageClassName?: string }
  readonly status?: { readonly phase?: string }
}

function claims({ facts: { record } }: ClusterSnapshot, host: HostSnapshot): readonly Named[] {
  const { claims: found = [], storageClasses } = host.objects
  return found.flatMap((object) => {
    const { name, namespace = '' } = object.metadata
    const { spec, status } = object as unknown as Claim
    const about = `persistentvolumeclaim/${name}`
    const isVm = object.metadata.labels?.[labels.backend] === 'vm'
    const node = object.metadata.labels?.[labels.node] ?? ''
    if (status?.phase === 'Lost')
      return [
        named(
          isVm ? 'VmDiskMissing' : 'ClaimLost',
          about,
          'its volume is gone, and the data on it',
          `bring the volume back; if it is lost, take the claim away with what has it: ${kubectlCommand('delete', `pvc/${name}`, isVm ? `vmi/${node}` : `pod/${node}-0`, '-n', namespace)}; the controller or ${clusterCommand('heal', record)} joins the node again on an empty disk`,
        ),
      ]
    if (status?.phase !== 'Pending') return []
    const names = storageClasses?.map(({ metadata }) => metadata.name)
    const wanted = spec?.storageClassName
    const isMissing = wanted !== undefined && wanted !== '' && names?.includes(wanted) === false
    return [
      named(
        isMissing ? 'StorageClassMissing' : 'ClaimPending',
        about,
        isMissing
          ? `it waits for StorageClass "${wanted}", which the host does not have (it has ${names.join(', ') || 'none'})`
          : 'it has no volume yet',
        isMissing
          ? `make a StorageClass "${wanted}" on the host: the claim is bound by itself then`
          : `see why: ${kubectlCommand('describe', 'pvc', name, '-n', namespace)}`,
      ),
    ]
  })
}

function policies({ facts: { record, hostNodes } }: ClusterSnapshot, host: HostSnapshot): readonly Named[] {
  const { networkPolicies = [] } = host.objects
  const [node] = hostNodes
  if (node === undefined || hostNodes.length < 2 || networkPolicies.length === 0) return []
  const own = { [labels.cluster]: record.name, [labels.node]: node.name, [labels.role]: node.role }
  const blocking = blockingPolicies(networkPolicies, { namespace: record.namespace, labels: own })
  if (blocking.length === 0) return []
  const names = blocking.map(({ metadata }) => `"${metadata.name}"`).join(', ')
  const { name } = record
  return [
    named(
      'NetworkPolicyBlocks',
      `networkpolicy/${blocking[0]?.metadata.name ?? ''}`,
      `NetworkPolicy ${names} of namespace "${record.namespace}" does not let the nodes of cluster "${name}" reach each other`,
      `have it allow all between pods with label ${labels.cluster}=${name}, or remove it: ${kubectlCommand('delete', 'networkpolicy', blocking[0]?.metadata.name ?? '', '-n', record.namespace)}`,
    ),
  ]
}

function wayIn({ facts: { record, members }, wayIn: way }: ClusterSnapshot): readonly Named[] {
  if (way === undefined || way.isReached || phaseTable[record.phase].nodes !== 'there') return []
  // An API server that does not run answers nowhere.
  if (way.type === 'ClusterIP' || members.problem !== undefined) return []
  const service = objectNames.apiService(record.name)
  return [
    named(
      'WayInBlocked',
      `service/${service}`,
      `this machine reaches the API of the cluster by none of the addresses of its ${way.type} Service`,
      `open that port of the host nodes (${kubectlCommand('get', 'service', service, '-n', record.namespace)}); meanwhile ${clusterCommand('shell', record)} goes through the API of the host`,
    ),
  ]
}

/** A lock that lives is renewed every 5 s. */
const staleMs = 120_000

function lock(
  { facts: { record, now }, deadHolders }: ClusterSnapshot,
  host: HostSnapshot,
): readonly Named[] {
  return (host.objects.locks ?? []).flatMap((lease) => {
    const { holderIdentity, renewTime } = (lease.spec ?? {}) as {
      readonly holderIdentity?: string | null
      readonly renewTime?: string
    }
    const holder = holderIdentity ?? ''
    if (holder === '') return []
    const age = now.getTime() - Date.parse(renewTime ?? '')
    if (!deadHolders.includes(holder) && !(age > staleMs)) return []
    return [
      named(
        'LockLeft',
        `lease/${lease.metadata.name}`,
        `it is held by "${holder}", which has ended, since ${renewTime ?? 'long'}`,
        `the next command takes it over within 15 s: ${clusterCommand('heal', record)}`,
      ),
    ]
  })
}

/** Somebody works on the cluster just now. */
export function isWorkedOn({ facts: { now }, deadHolders }: ClusterSnapshot, host: HostSnapshot): boolean {
  return (host.objects.locks ?? []).some(({ spec }) => {
    const { holderIdentity, renewTime } = (spec ?? {}) as {
      readonly holderIdentity?: string | null
      readonly renewTime?: string
    }
    const holder = holderIdentity ?? ''
    return (
      holder !== '' && !deadHolders.includes(holder) && now.getTime() - Date.parse(renewTime ?? '') < staleMs
    )
  })
}
