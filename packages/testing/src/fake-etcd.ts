import type { ExecResult } from '@knest/core'

interface FakeMember {
  /** Hex, as etcdctl writes it. */
  readonly id: string
  /** Empty until the member has started for the first time. */
  readonly name: string
  readonly peerUrl: string
  readonly learner: boolean
}

/** The membership of a nested cluster's etcd, and what etcdctl says of it. It keeps no data. */
export interface FakeEtcd {
  readonly members: readonly FakeMember[]
  hasQuorum(): boolean
  /** A member that begins the cluster; where none lives it is a new cluster. Gives its id. */
  begin(name: string): string
  /** Adds a member, or throws when there is no quorum to agree on it. Gives its id. */
  add(name: string, more?: Partial<FakeMember>): string
  /** What `etcdctl member remove` ends with. */
  remove(id: string): ExecResult
  /** What `etcdctl member list` ends with, asked on the node of this member. */
  list(asked: string | undefined): ExecResult
  /** What core's question for the health of all members ends with, asked on the node of this member. */
  health(asked: string | undefined): ExecResult
  /** Its size and what it becomes without old revisions, in bytes, where its alarm says that it is full. */
  full: { size: number; compacted: number; quota: number } | undefined
  /** What core's script that makes room in it ends with. */
  makeRoom(): ExecResult
}

/** `lives`: whether the member of this id runs and has its data. */
export function createFakeEtcd(lives: (id: string) => boolean): FakeEtcd {
  let members: readonly FakeMember[] = []
  let counter = 0
  let full: FakeEtcd['full']
  const failed = (stderr: string): ExecResult => ({ exitCode: 1, stdout: '', stderr: `Error: ${stderr}\n` })
  const clientUrl = (name: string): string => `https://${name}:2379`
  const answers = (asked: string | undefined): boolean =>
    asked !== undefined && lives(asked) && members.some(({ id }) => id === asked)
  const listed = (): readonly unknown[] =>
    members.map(({ id, name, peerUrl, learner }) => ({
      ID: id,
      ...(name === '' ? {} : { name, clientURLs: [clientUrl(name)] }),
      peerURLs: [peerUrl],
      ...(learner ? { isLearner: true } : {}),
    }))
  const voters = (): readonly FakeMember[] => members.filter(({ learner }) => !learner)
  const hasQuorum = (): boolean =>
    voters().filter(({ id }) => lives(id)).length > Math.floor(voters().length / 2)
  const add = (name: string, more: Partial<FakeMember> = {}): string => {
    const id = (0xe7cd0000 + ++counter).toString(16)
    const peerUrl = `https://${name}:2380`
    members = [...members, { id, name, peerUrl, learner: false, ...more }]
    return id
  }

  return {
    get members() {
      return members
    },
    get full() {
      return full
    },
    set full(is) {
      full = is
    },
    makeRoom: () => {
      if (full !== undefined) full.size = full.compacted
      const status = { dbSize: full?.size ?? 4096, dbSizeQuota: full?.quota ?? 2 ** 31 }
      return { exitCode: 0, stdout: JSON.stringify(members.map(() => ({ Status: status }))), stderr: '' }
    },
    hasQuorum,
    begin: (name) => {
      if (!members.some(({ id }) => lives(id))) members = []
      return add(name)
    },
    add: (name, more) => {
      if (!hasQuorum()) throw new Error(`etcd has no quorum to add "${name}"`)
      return add(name, more)
    },
    remove: (id) => {
      if (!members.some((member) => member.id === id)) return failed('etcdserver: member not found')
      if (!hasQuorum()) return failed('context deadline exceeded')
      members = members.filter((member) => member.id !== id)
      return { exitCode: 0, stdout: '', stderr: '' }
    },
    list: (asked) => {
      if (!answers(asked) || !hasQuorum()) return failed('context deadline exceeded')
      return { exitCode: 0, stdout: JSON.stringify({ members: listed() }), stderr: '' }
    },
    health: (asked) => {
      if (!answers(asked)) return failed('context deadline exceeded')
      const leader = hasQuorum() ? voters().find(({ id }) => lives(id))?.id : undefined
      const list = listed()
      const started = members.filter(({ name }) => name !== '')
      const statuses = started
        .filter(({ id }) => lives(id))
        .map(({ id, name }) => ({
          Endpoint: clientUrl(name),
          Status: {
            header: { member_id: BigInt(`0x${id}`).toString() },
            ...(leader === undefined ? {} : { leader: BigInt(`0x${leader}`).toString() }),
            dbSize: full?.size ?? 4096,
            ...(full === undefined ? {} : { errors: [`memberID:${BigInt(`0x${id}`)} alarm:NOSPACE `] }),
          },
        }))
      const healths = started.map(({ id, name, learner }) => ({
        endpoint: clientUrl(name),
        health: lives(id) && hasQuorum() && !learner && full === undefined,
        ...(full === undefined ? {} : { error: 'Active Alarm(s): NOSPACE ' }),
      }))
      const lines = [{ members: list }, statuses, healths].map((line) => JSON.stringify(line))
      return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' }
    },
  }
}
