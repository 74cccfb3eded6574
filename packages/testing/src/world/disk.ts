import type { Etcd, Member, MemberDisk } from './etcd.js'

/** What knest and kubeadm write to a disk; etcd sees itself that what it writes lasts. */
interface Written {
  isBootstrapped: boolean
  isInitialMember: boolean
  initialMembers: string
  upgrading: string | undefined
  hasKubeconfig: boolean
  isKubeconfigHeld: boolean
  pki: ReadonlyMap<string, string>
  manifests: string | undefined
  /** Its kubelet runs etcd and nothing else. */
  hasMemberOnly: boolean
}

/** What is on a node's disk, as far as the scripts of knest and kubeadm make a difference. */
export class Disk implements MemberDisk, Written {
  readonly id: string
  readonly isPersistent: boolean
  /** The cluster its node was made for, as `namespace/name`. */
  readonly cluster: string
  readonly node: string
  /** Of the record its node was made for. */
  readonly uid: string
  isGone = false
  isGoing = false
  isFull = false
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
  /** Authorities and their keys, by path. */
  pki: ReadonlyMap<string, string> = new Map()
  /** Version of the static pods' manifests; undefined for a worker, and before kubeadm has run. */
  manifests: string | undefined
  hasMemberOnly = false
  etcd: Etcd | undefined
  member: Member | undefined
  /** Set by the machine that runs on it. */
  etcdRuns: () => boolean = () => false

  /** What a power cut leaves. */
  #lasting: Written

  constructor(id: string, cluster: string, node: string, isPersistent: boolean, uid = '') {
    this.uid = uid
    this.id = id
    this.cluster = cluster
    this.node = node
    this.isPersistent = isPersistent
    this.#lasting = this.#written()
  }

  /** The certificate of the authority that was laid out. */
  get authority(): string | undefined {
    return this.pki.get('/etc/kubernetes/pki/ca.crt')
  }

  /** All that was written lasts from now on. */
  sync(): void {
    this.#lasting = this.#written()
  }

  /** Only what knest itself says on the disk. */
  syncMarkers(): void {
    const { isBootstrapped, isInitialMember, initialMembers, upgrading } = this
    this.#lasting = { ...this.#lasting, isBootstrapped, isInitialMember, initialMembers, upgrading }
  }

  cutPower(): void {
    Object.assign(this, this.#lasting)
  }

  #written(): Written {
    const { isBootstrapped, isInitialMember, initialMembers, upgrading } = this
    const { hasKubeconfig, isKubeconfigHeld, pki, manifests, hasMemberOnly } = this
    return {
      ...{ isBootstrapped, isInitialMember, initialMembers, upgrading },
      ...{ hasKubeconfig, isKubeconfigHeld, pki, manifests, hasMemberOnly },
    }
  }

  layOut(files: ReadonlyMap<string, string>): void {
    this.pki = new Map([...files].filter(([path]) => path.startsWith('/etc/kubernetes/pki/')))
  }

  state(): 'bootstrapped' | 'founder' | 'empty' {
    return this.isBootstrapped ? 'bootstrapped' : this.isInitialMember ? 'founder' : 'empty'
  }

  /** As `kubeadm reset`: the member is not asked to leave. */
  reset(): void {
    this.isBootstrapped = false
    this.hasKubeconfig = false
    this.isKubeconfigHeld = false
    this.manifests = undefined
    this.pki = new Map()
    this.hasMemberOnly = false
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
lost.isGoing = true
