import { expect, test } from 'vitest'
import { createdFixture, never, persistent, ref, run, withWorkers, type Fixture } from './fixture.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const worker = 'q-worker-0'

interface Ready {
  readonly status: string
  readonly lastHeartbeatTime: string
}

/** Ready by the word of the kubelet that runs. */
async function hasSpoken({ nodes }: Fixture, name: string): Promise<boolean> {
  const found = await nodes.api.objects.get(nodeKind, name, undefined, never)
  const [ready] = (found?.status as { conditions: Ready[] }).conditions
  const started = nodes.nodes.get(name)?.kubeletStarted ?? NaN
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) / 1000 >= started
}

/** Its kubelet is started anew, and takes a moment until it says something: by then its last word is Ready. */
function restartKubelet({ nodes }: Fixture): void {
  const node = nodes.nodes.get(worker)
  if (node === undefined) throw new Error(`there is no "${worker}"`)
  node.kubeletStarted += 60
  const say = async (status: string): Promise<void> => {
    const lastHeartbeatTime = new Date(node.kubeletStarted * 1000).toISOString()
    const conditions = [{ type: 'Ready', status, lastHeartbeatTime }]
    await nodes.api.objects.patch(nodeKind, worker, undefined, { status: { conditions } }, { signal: never })
  }
  setTimeout(() => void say('False').then(() => say('True')), 1_500)
}

test.each([
  [
    'resume',
    async ({ clusters }: Fixture) => {
      await clusters.pause(ref, run)
      await clusters.resume(ref, run)
    },
  ],
  [
    'scale',
    async (fixture: Fixture) => {
      restartKubelet(fixture)
      await fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)
    },
  ],
  [
    'apply',
    async (fixture: Fixture) => {
      restartKubelet(fixture)
      await fixture.clusters.apply(ref, withWorkers(2, persistent), run)
    },
  ],
  [
    'upgrade',
    async (fixture: Fixture) => {
      // That of the worker's own end is looked at by its own step: the cluster is upgraded, and its kubelet restarts.
      await fixture.clusters.upgrade(ref, { kubernetesVersion: '1.36.0' }, run)
      restartKubelet(fixture)
      await fixture.clusters.upgrade(ref, { kubernetesVersion: '1.36.0' }, run)
    },
  ],
])('%s ends when the kubelets that run have said that they are Ready', async (_verb, operate) => {
  const fixture = await createdFixture(persistent)
  await operate(fixture)
  for (const name of fixture.nodes.nodes.keys()) expect(await hasSpoken(fixture, name), name).toBe(true)
})
