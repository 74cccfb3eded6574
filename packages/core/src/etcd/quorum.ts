import type { EtcdMemberHealth } from './health.js'

/**
 * Why etcd would stop if the member `leaving` were taken out now; undefined when it would go on. Only
 * members that vote count: a majority of those that stay must answer.
 */
export function quorumRisk(members: readonly EtcdMemberHealth[], leaving: string): string | undefined {
  const staying = members.filter(({ name, learner }) => name !== leaving && !learner)
  const needed = Math.floor(staying.length / 2) + 1
  const silent = staying.filter(({ healthy }) => !healthy)
  if (staying.length - silent.length >= needed) return undefined
  const names = silent.map(({ name }) => `"${name}"`).join(', ')
  const who = silent.length === 1 ? `member ${names} does` : `members ${names} do`
  return `${who} not answer, and ${needed} of the ${staying.length} that would stay are needed`
}

/**
 * Why etcd would stop if the node `gone` went with its member still in the list, as when it is taken away to be
 * made again; undefined when it would go on, or when the node is no member: a majority of all must answer
 * without it.
 */
export function lossRisk(members: readonly EtcdMemberHealth[], gone: string): string | undefined {
  const voters = members.filter(({ learner }) => !learner)
  if (!voters.some(({ name }) => name === gone)) return undefined
  const needed = Math.floor(voters.length / 2) + 1
  const others = voters.filter(({ name, healthy }) => name !== gone && healthy)
  if (others.length >= needed) return undefined
  return `without its etcd member ${others.length} of ${voters.length} would answer, and ${needed} must`
}
