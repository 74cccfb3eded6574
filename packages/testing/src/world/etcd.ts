/** What an etcd member's log is on. */
export interface MemberDisk {
  readonly cluster: string
  /** Of the record its node was made for. */
  readonly uid: string
  readonly isGone: boolean
  /** It goes for sure: what held it was deleted. */
  readonly isGoing: boolean
  readonly etcdRuns: () => boolean
}

export interface Member {
  readonly id: string
  /** Empty until it has started. */
  name: string
  readonly peerUrl: string
  learner: boolean
  /** Where its log is; undefined until it has started. A disk that is gone stays here: the member is dead. */
  disk: MemberDisk | undefined
}

/**
 * An etcd cluster: members, learners, quorum. Who has a majority of the voters' disks has every acknowledged
 * write: what is stored is kept once for all of them.
 */
export class Etcd {
  readonly id: string
  readonly members = new Map<string, Member>()
  /** Writes of the cluster's user that were acknowledged. */
  readonly acknowledged = new Set<string>()
  /** What is to be found by whoever reads. */
  readonly written = new Set<string>()
  /** Too many disks went by no hand of knest: nobody promises its data any more. */
  isLostByFault = false
  #counter: number

  constructor(id: string, seed: number) {
    this.id = id
    this.#counter = seed
  }

  /** The same name and address give the same member, as etcd makes ids of both at the start. */
  add(name: string, peerUrl: string, learner: boolean): Member {
    this.#counter = (Math.imul(this.#counter, 1_103_515_245) + 12_345) >>> 0
    const id = `a${this.#counter.toString(16).padStart(15, '0')}`
    const member: Member = { id, name, peerUrl, learner, disk: undefined }
    this.members.set(id, member)
    return member
  }

  voters(): readonly Member[] {
    return [...this.members.values()].filter(({ learner }) => !learner)
  }

  /** Members that answer: started, on a disk that is there and runs. */
  isUp({ disk }: Member): boolean {
    return disk?.etcdRuns() === true
  }

  hasQuorum(): boolean {
    const voters = this.voters()
    return voters.filter((member) => this.isUp(member)).length >= majority(voters.length)
  }

  /** Whether all that was acknowledged can still be read when nodes come back. */
  hasDisks(): boolean {
    const voters = this.voters()
    const there = voters.filter(({ disk }) => disk !== undefined && !disk.isGoing)
    return voters.length > 0 && there.length >= majority(voters.length)
  }

  /** False when it began and nobody has anything of it. */
  hasAnyDisk(): boolean {
    const begun = [...this.members.values()].flatMap(({ disk }) => disk ?? [])
    return begun.length === 0 || begun.some(({ isGone }) => !isGone)
  }

  /** As etcd answers: undefined when it was removed. */
  remove(id: string): string | undefined {
    const member = this.members.get(id)
    if (member === undefined) return 'etcdserver: member not found'
    if (!this.hasQuorum()) return 'etcdserver: request timed out'
    if (!member.learner) {
      const staying = this.voters().filter((one) => one !== member)
      if (staying.filter(({ name }) => name !== '').length < majority(staying.length))
        return 'etcdserver: re-configuration failed due to not enough started members'
      const active = this.voters().filter((one) => this.isUp(one)).length
      if (this.isUp(member) && active - 1 < majority(staying.length)) return 'etcdserver: unhealthy cluster'
    }
    this.members.delete(id)
    return undefined
  }
}

export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1
}
