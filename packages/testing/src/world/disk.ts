import type { Etcd, Member, MemberDisk } from './etcd.js'

/** What is on a node's disk, as far as the scripts of knest and kubeadm make a difference. */
export class Disk implements MemberDisk {
  readonly id: string
  readonly isPersistent: boolean
  /** The cluster its node was made for, as `namespace/name`. */
  readonly cluster: string
  readonly node: string
  /** Of the record its node was made for. */
  readonly uid: string
  isGone = false
  isBootstrapped = false
  isInitialMember = false
  /** Names, while the node is one of those that begin the cluster. */
  initialMembers = ''
  upgrading: string | undefined
  /** What an upgrade wrote down of the cluster when it began. */
  beforeUpgrade = ''
  /** Without it kubelet does not start. */
  hasKubeconfig = false
  isKubeconfigHeld = false
  /** The certificate of the authority that was laid out. */
  authority: string | undefined
  /** Version of the static pods' manifests; undefined for a worker, and before kubeadm has run. */
  manifests: string | undefined
  etcd: Etcd | undefined
  member: Member | undefined
  /** Set by the machine that runs on it. */
  etcdRuns: () => boolean = () => false

  constructor(id: string, cluster: string, node: string, isPersistent: boolean, uid = '') {
    this.uid = uid
    this.id = id
    this.cluster = cluster
    this.node = node
    this.isPersistent = isPersistent
  }

  state(): 'bootstrapped' | 'founder' | 'empty' {
    return this.isBootstrapped ? 'bootstrapped' : this.isInitialMember ? 'founder' : 'empty'
  }

  /** As `kubeadm reset`: the member is not asked to leave. */
  reset(): void {
    this.isBootstrapped = false
    this.isInitialMember = false
    this.hasKubeconfig = false
    this.isKubeconfigHeld = false
    this.manifests = undefined
    this.loseData()
  }

  /** etcd's data go; a member that had them stays behind without. */
  loseData(): void {
    if (this.member?.disk === this) this.member.disk = lost
    this.etcd = undefined
    this.member = undefined
  }
}

/** The disk of members whose data are gone. */
const lost = new Disk('lost', '', '', false)
lost.isGone = true
