import type { RenewalPlan } from '../certificates/plan.js'
import type { UnnamedApi } from '../pki/served-names.js'
import type { NodeRole } from '../contracts/cluster.js'
import type { DesiredNode } from './desired-nodes.js'
import type { ImageToCopy } from './loaded-images.js'

interface Common {
  readonly id: string
  readonly title: string
  /** Ids of steps that must have ended before. */
  readonly needs: readonly string[]
}

const looking: ReadonlySet<Step['kind']> = new Set([
  'ensure-addresses',
  'ensure-authorities',
  'await-api',
  'save-kubeconfig',
  'await-ready',
])

/** False for the steps of every plan: they only look on a cluster that is as desired. */
export function isActing({ kind }: Step): boolean {
  return !looking.has(kind)
}

/** What can be done to a cluster. Data only: `steps/` knows how. */
export type Step =
  | (Common & { readonly kind: 'ensure-addresses'; readonly controlPlanes: readonly string[] })
  | (Common & { readonly kind: 'ensure-authorities' })
  | (Common & { readonly kind: 'renew-certificates'; readonly renewal: RenewalPlan })
  | (Common & { readonly kind: 'serve-names'; readonly unnamed: UnnamedApi })
  | (Common & { readonly kind: 'ensure-node'; readonly node: DesiredNode })
  /**
   * Takes away what a begin that cannot come to its end left on the disk; `removed`: what the member was that etcd has
   * removed.
   */
  | (Common & { readonly kind: 'reset-control-plane'; readonly node: string; readonly removed: boolean })
  /**
   * `initialMembers`: all control planes that begin the cluster together, this one among them. `begins`: nothing was
   * known of a cluster on any disk; else an empty disk means that the plan was made of something that is no more.
   */
  | (Common & {
      readonly kind: 'boot-control-plane'
      readonly node: string
      readonly initialMembers: readonly string[]
      readonly begins: boolean
    })
  /** Starts etcd, and no more, where a join was cut off that had got its vote: the others may lack it. */
  | (Common & { readonly kind: 'start-member'; readonly node: string })
  | (Common & { readonly kind: 'await-api'; readonly nodes: readonly string[] })
  | (Common & { readonly kind: 'finish-control-plane'; readonly node: string; readonly first: boolean })
  | (Common & { readonly kind: 'join-control-plane'; readonly node: string })
  /** `lost`: control planes whose etcd members nobody is any more: their disk is empty, or they are no nodes. */
  | (Common & {
      readonly kind: 'upgrade-node'
      readonly node: DesiredNode
      readonly drain: boolean
      readonly lost: readonly string[]
    })
  | (Common & { readonly kind: 'upgrade-configuration'; readonly node: string })
  | (Common & { readonly kind: 'upgrade-addons'; readonly node: string })
  /** Gives a node the record's settings of Kubernetes; `digest` tells them. `etcd`: those of etcd may be others, too. */
  | (Common & {
      readonly kind: 'change-settings'
      readonly node: string
      readonly role: NodeRole
      readonly digest: string
      readonly etcd: boolean
      readonly lost: readonly string[]
    })
  | (Common & { readonly kind: 'change-kept-settings' })
  | (Common & { readonly kind: 'change-proxy-settings'; readonly digest: string })
  /** All nodes have the record's settings. */
  | (Common & { readonly kind: 'end-settings' })
  | (Common & { readonly kind: 'install-addons' })
  | (Common & { readonly kind: 'install-storage' })
  /** `standsInFor`: its images go by the names of this Kubernetes version too. */
  | (Common & {
      readonly kind: 'start-worker'
      readonly node: string
      readonly pool: string
      readonly imageAliasVersion?: string | undefined
    })
  /** Of a node that is part of the cluster the Node object is gone, and its kubelet does not make another by itself. */
  | (Common & { readonly kind: 'register-node'; readonly node: string; readonly role: NodeRole })
  /** Images that were loaded into the cluster, which the node lacks and others have. */
  | (Common & {
      readonly kind: 'load-images'
      readonly node: string
      readonly images: readonly ImageToCopy[]
    })
  /** Writes how the node reaches registries, and takes away what is not wanted any more. */
  | (Common & { readonly kind: 'write-registries'; readonly node: string })
  | (Common & { readonly kind: 'forget-member'; readonly node: string })
  /** Takes what a control plane that is no more was in etcd out of it. */
  | (Common & { readonly kind: 'remove-member'; readonly node: string })
  /** `member`: the nested cluster may have a Node object of it. */
  | (Common & {
      readonly kind: 'remove-node'
      readonly node: string
      readonly role: NodeRole
      readonly member: boolean
    })
  /**
   * `network`: it is there, so that nodes can become Ready; `dns`: and cluster DNS is waited for, too. `again`: names
   * of those that may have been Ready before they were started again: what their kubelets said then counts for nothing.
   * `registered`: names of those that have a Node object and are not set up anew.
   */
  | (Common & {
      readonly kind: 'await-ready'
      readonly nodes: readonly string[]
      readonly network: boolean
      readonly dns: boolean
      readonly again: readonly string[]
      readonly registered: readonly string[]
    })
  | (Common & { readonly kind: 'save-kubeconfig' })
  | (Common & { readonly kind: 'delete-node'; readonly node: string; readonly keepData: boolean })
  | (Common & { readonly kind: 'remove-record'; readonly isRetained: boolean })
