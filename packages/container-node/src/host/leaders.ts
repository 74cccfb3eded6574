import type { ContainerEngine } from '../engine/engine.js'

const timeoutMs = 20_000
const leaders = ['kube-controller-manager', 'kube-scheduler']
const manifests = '/etc/kubernetes/manifests'

/** Which of its own parts elect a leader among one, as in hosts of earlier versions: it ends when their API is silent for ten seconds. */
export async function electedLeaders(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const files = leaders.map((name) => `${manifests}/${name}.yaml`)
  // Its exit code says whether there is one, or a file is away.
  const argv = ['exec', node, 'grep', '-lse', '--leader-elect=true', ...files]
  const { stdout } = await engine.run(argv, { timeoutMs, signal })
  const found = stdout.split('\n')
  return leaders.filter((_, index) => found.includes(files[index] ?? ''))
}

/** Has them elect none; gives the names of those that were changed. */
export async function endElections(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names = await electedLeaders(engine, node, signal)
  if (names.length === 0) return []
  // Written beside, since kubelet reads whatever lies in the folder.
  const script = names
    .map(
      (name) =>
        `sed s/--leader-elect=true/--leader-elect=false/ ${manifests}/${name}.yaml >/etc/kubernetes/${name}.new && mv /etc/kubernetes/${name}.new ${manifests}/${name}.yaml`,
    )
    .join(' && ')
  const what = `change the static pods of "${node}"`
  await engine.must(['exec', node, 'sh', '-c', script], what, { timeoutMs, signal })
  return names
}
