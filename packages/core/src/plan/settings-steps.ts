import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import type { Step } from './step.js'

/** What a change of Kubernetes' own settings adds to a plan. */
export interface SettingsPlan {
  /** One after another; the API is only asked for other things when the last has ended. */
  readonly controlPlanes: readonly Step[]
  /** What kubeadm keeps in the cluster: everyone who joins later reads it. */
  readonly configuration: readonly Step[]
  readonly workers: readonly Step[]
  /** kube-proxy, and the word that all have the new ones. */
  readonly end: readonly Step[]
}

const none: SettingsPlan = { controlPlanes: [], configuration: [], workers: [], end: [] }

/**
 * What must be done so that every node has the settings of the record. `before` are ids of steps that must have ended
 * before the first control plane is touched; `lost`: see `lostMembers`. Pure; empty unless a change has begun and not
 * come to its end.
 */
export function planSettings(
  desired: readonly DesiredNode[],
  { settings, nodes }: ObservedCluster,
  before: readonly string[],
  lost: readonly string[] = [],
): SettingsPlan {
  if (settings === undefined) return none
  const { digest, parts } = settings
  const found = ({ name }: DesiredNode): ObservedNode | undefined => nodes.find((node) => node.name === name)
  // One that gives no answer may have the former ones: its step looks again when it runs.
  const isDue = (node: ObservedNode | undefined): boolean =>
    node !== undefined &&
    (node.disk === undefined || (node.disk === 'bootstrapped' && node.settings !== digest))
  const due = desired.filter((node) => isDue(found(node)))
  const change = (node: DesiredNode, needs: readonly string[]): Step => ({
    kind: 'change-settings',
    id: `settings:${node.name}`,
    title: `Change the settings of ${node.role === 'worker' ? 'worker' : 'control plane'} "${node.name}"`,
    needs,
    node: node.name,
    role: node.role,
    digest,
    etcd: parts.etcd,
    lost,
  })
  /** Each when the one before is well with them. */
  const chain = (all: readonly DesiredNode[], first: readonly string[]): readonly Step[] =>
    all.map((node, index) => {
      const previous = all[index - 1]
      const isMade = found(node)?.disk === undefined && found(node)?.silent !== true
      return change(node, [
        ...(isMade ? [`node:${node.name}`] : []),
        ...first,
        ...(previous === undefined ? [] : [`settings:${previous.name}`]),
      ])
    })
  const ofRole = (role: DesiredNode['role']): readonly DesiredNode[] =>
    due.filter((node) => node.role === role)
  const controlPlanes = chain(parts.controlPlane ? ofRole('control-plane') : [], before)
  const configuration: Step = {
    kind: 'change-kept-settings',
    id: 'settings:configuration',
    title: "Change the settings in kubeadm's configuration in the cluster",
    needs: ['api', ...controlPlanes.map(({ id }) => id)],
  }
  const workers = chain(parts.kubelet ? ofRole('worker') : [], ['api', configuration.id])
  const proxy: readonly Step[] = parts.kubeProxy
    ? [
        {
          kind: 'change-proxy-settings',
          id: 'settings:proxy',
          title: 'Change the settings of kube-proxy',
          needs: [configuration.id, ...workers.map(({ id }) => id)],
          digest,
        },
      ]
    : []
  const end: Step = {
    kind: 'end-settings',
    id: 'settings:end',
    title: 'Write down that all nodes have the settings',
    needs: [...controlPlanes, configuration, ...workers, ...proxy].map(({ id }) => id),
  }
  return { controlPlanes, configuration: [configuration], workers, end: [...proxy, end] }
}
