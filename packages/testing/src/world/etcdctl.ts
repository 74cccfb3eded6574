import type { Member } from './etcd.js'
import type { Machine } from './machine.js'
import { failed, fine, type Outcome } from './outcome.js'

const timesOut = '{"level":"warn"}\nError: context deadline exceeded'

/** `etcdctl member list` and `member remove`, which need a majority. */
export async function etcdctl(machine: Machine, argv: readonly string[]): Promise<Outcome> {
  const { etcd } = machine.disk
  if (etcd === undefined || !machine.runsEtcd()) return failed(timesOut)
  if (argv.includes('remove')) {
    await machine.work(200)
    const refusal = etcd.remove(argv.at(-1) ?? '')
    return refusal === undefined ? fine : failed(`Error: ${refusal}`)
  }
  if (!etcd.hasQuorum()) return failed(timesOut)
  return {
    exitCode: 0,
    stdout: `${JSON.stringify({ members: [...etcd.members.values()].map(shown) })}\n`,
    stderr: '',
  }
}

/** What core's script for the health of all members prints. */
export async function healthScript(machine: Machine): Promise<Outcome> {
  const { etcd } = machine.disk
  if (etcd === undefined || !machine.runsEtcd()) return failed(timesOut)
  await machine.work(etcd.hasQuorum() ? 100 : 3_000)
  const members = [...etcd.members.values()]
  const up = members.filter((member) => etcd.isUp(member))
  const leader = etcd.hasQuorum() ? up.find(({ learner }) => !learner) : undefined
  const statuses = up.map((member) => ({
    Endpoint: clientUrl(member),
    Status: { header: { member_id: decimal(member.id) }, leader: decimal(leader?.id ?? '0'), dbSize: 1_000 },
  }))
  const healths = members.map((member) => ({
    endpoint: clientUrl(member),
    health: etcd.hasQuorum() && !member.learner && etcd.isUp(member),
  }))
  const lines = [{ members: members.map(shown) }, statuses, healths].map((value) => JSON.stringify(value))
  return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' }
}

function shown(member: Member): object {
  const { id, name, peerUrl, learner } = member
  return {
    ID: id,
    name,
    peerURLs: [peerUrl],
    clientURLs: [clientUrl(member)],
    ...(learner ? { isLearner: true } : {}),
  }
}

function clientUrl({ peerUrl }: Member): string {
  return peerUrl.replace(':2380', ':2379')
}

function decimal(hex: string): string {
  return BigInt(`0x${hex}`).toString(10)
}
