import { knestCommand, kubectlCommand } from '../commands.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { isOutdated } from '../home/crd.js'
import { condition } from '../nested-api/conditions.js'
import type { Reason } from '../reasons.js'
import { named, type Named } from './named.js'
import type { HostSnapshot } from './snapshot.js'

/** More than a healthy API takes beside busy machines. */
export const slowMs = 3_000

type Rule = (host: HostSnapshot) => readonly Named[]

/** What objects of the host say of it. Each is pure. */
export const hostRules: readonly Rule[] = [slowApi, sickNodes, noDns, definition, controller]

function slowApi({ answerMs = 0 }: HostSnapshot): readonly Named[] {
  if (answerMs < slowMs) return []
  return [
    named(
      'HostApiSlow',
      undefined,
      `the API server of the host needs ${(answerMs / 1000).toFixed(1)} s for its quickest answer`,
      `see what it is busy with: ${kubectlCommand('get', '--raw', '/readyz?verbose')}; give commands more time with --timeout`,
    ),
  ]
}

const nodeConditions: readonly (readonly [type: string, bad: (status: string) => boolean, Reason])[] = [
  ['Ready', (status) => status !== 'True', 'HostNodeNotReady'],
  ['DiskPressure', (status) => status === 'True', 'HostDiskPressure'],
  ['MemoryPressure', (status) => status === 'True', 'HostMemoryPressure'],
  ['PIDPressure', (status) => status === 'True', 'HostPidPressure'],
]

function sickNodes({ objects: { nodes = [] } }: HostSnapshot): readonly Named[] {
  return nodes.flatMap((node) => {
    const { name } = node.metadata
    return nodeConditions.flatMap(([type, isBad, reason]) => {
      const found = condition(node, type)
      if (found === undefined || !isBad(found.status)) return []
      const said = found.message ?? found.reason ?? 'it does not say more'
      return [
        named(
          reason,
          `node/${name}`,
          `${type === 'Ready' ? 'is not Ready' : `has ${type}`}: ${said}`,
          `see what is the matter there: ${kubectlCommand('describe', 'node', name)}`,
        ),
      ]
    })
  })
}

/** On a host whose DNS is called otherwise there is nothing to see. */
function noDns({ objects: { dnsEndpoints = [] } }: HostSnapshot): readonly Named[] {
  const isAnswering = ({ endpoints }: KubeObject): boolean =>
    ((endpoints ?? []) as readonly { readonly conditions?: { readonly ready?: boolean } }[]).some(
      ({ conditions }) => conditions?.ready !== false,
    )
  if (dnsEndpoints.length === 0 || dnsEndpoints.some(isAnswering)) return []
  return [
    named(
      'HostDnsDown',
      'service/kube-dns',
      'no pod is ready behind the DNS Service of the host',
      `bring its pods back: ${kubectlCommand('get', 'pods', '-n', 'kube-system', '-l', 'k8s-app=kube-dns')}`,
    ),
  ]
}

/** A host without clusters needs none. */
function definition({ objects: { definitions, nodeSets = [] } }: HostSnapshot): readonly Named[] {
  if (definitions === undefined) return []
  const [found] = definitions
  const install = knestCommand('host', 'install', 'controller')
  if (found === undefined) {
    if (nodeSets.length === 0) return []
    const names = nodeSets.map(({ metadata: { name, namespace = '' } }) => `"${namespace}/${name}"`)
    return [
      named(
        'CrdMissing',
        'crd/nestedclusters.knest.dev',
        `the host has nodes of clusters (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}) and no definition of NestedCluster`,
        `${install} puts the definition back; restore the NestedCluster objects from a backup`,
      ),
    ]
  }
  return isOutdated(found)
    ? [
        named(
          'CrdOutdated',
          'crd/nestedclusters.knest.dev',
          'the definition of NestedCluster on the host is older than this knest',
          `${install} brings it up to date, as the next create does`,
        ),
      ]
    : []
}

interface Deployment {
  readonly spec?: {
    readonly replicas?: number
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } }
  }
  readonly status?: { readonly availableReplicas?: number }
}

/** A host may do without one. */
function controller({ objects: { controllers = [] }, controllerImage }: HostSnapshot): readonly Named[] {
  return controllers.flatMap((object) => {
    const { spec, status } = object as unknown as Deployment
    const { name, namespace = '' } = object.metadata
    const where = `deployment/${name}`
    if ((status?.availableReplicas ?? 0) === 0) {
      const isOff = spec?.replicas === 0
      return [
        named(
          'ControllerDown',
          where,
          isOff ? 'it was scaled to 0' : 'none of its pods is available',
          isOff
            ? `bring it back: ${kubectlCommand('scale', 'deployment', name, '-n', namespace, '--replicas', '1')}`
            : `see why: ${kubectlCommand('describe', 'pods', '-n', namespace, '-l', `app.kubernetes.io/name=${name}`)}; ${knestCommand('host', 'install', 'controller')} sets it up again`,
        ),
      ]
    }
    const image = spec?.template?.spec?.containers?.[0]?.image
    if (
      controllerImage === undefined ||
      image === undefined ||
      versionOf(image) === versionOf(controllerImage)
    )
      return []
    return [
      named(
        'ControllerVersion',
        where,
        `it runs ${image}, and this command goes with ${controllerImage}`,
        `${knestCommand('host', 'install', 'controller')} brings it to this version`,
      ),
    ]
  })
}

/** The same image may lie in another registry. */
function versionOf(image: string): string {
  return image.slice(image.lastIndexOf(':') + 1)
}
