import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from './fake-deps.js'
import type { Deps } from './deps.js'
import { processDeps } from './process-deps.js'
import { runProcess } from './run-process.js'

/**
 * For tests of what only a process has (streams, signals, its folder): the real command on a host that is a fake.
 * `KNEST_FAKE_LOG` gets what was done there; a node that never comes makes `KNEST_FAKE_STORY` `hang`, one that does
 * not even let go `stuck`; nothing that keeps a process while the work waits, for ever or for a limit, `forgotten` or
 * `limited`; a cluster that is another at every look `changes`. `KNEST_FAKE_BREAK` names a home in which
 * a file takes the place of `.kube` meanwhile.
 */
const { KNEST_FAKE_LOG: log, KNEST_FAKE_STORY: story, KNEST_FAKE_BREAK: home } = process.env
const terminal = new FakeTerminal('/')
const { clusters } = terminal
const fake = terminal.deps()

clusters.add(fakeStatus())
const kubeconfig = clusters.kubeconfig.bind(clusters)
clusters.kubeconfig = (ref) => {
  if (home !== undefined) {
    rmSync(join(home, '.kube'), { recursive: true, force: true })
    writeFileSync(join(home, '.kube'), '')
  }
  return kubeconfig(ref)
}
const status = clusters.status.bind(clusters)
let looks = 0
clusters.status = async (...asked) => {
  const found = await status(...asked)
  return story === 'changes' && looks++ % 2 === 1 ? { ...found, phase: 'Scaling' } : found
}
clusters.duringCreate = async ({ progress, signal }) => {
  for (let step = 1; step <= 30; step++)
    await progress.phase(`Step ${step}`, () => new Promise((resolve) => setImmediate(resolve)))
  if (story === undefined) return
  progress.note('waiting')
  if (story === 'forgotten') await new Promise(() => undefined)
  if (story === 'limited') return once(AbortSignal.timeout(200), 'abort').then(() => undefined)
  const alive = setInterval(() => undefined, 1000)
  await new Promise<void>((resolve) => {
    if (story === 'hang') signal.addEventListener('abort', () => resolve(), { once: true })
  }).finally(() => clearInterval(alive))
}
if (log !== undefined)
  process.on('exit', () => {
    const phases = [...clusters.clusters.values()].map(({ status }) => `${status.name} is ${status.phase}`)
    appendFileSync(log, `${[...clusters.changes, ...phases].join('\n')}\n`)
  })

const deps = (exitNow: (code: number) => void): Deps => ({
  ...processDeps(exitNow),
  openClusters: (choice) => fake.openClusters(choice),
  hostControl: () => fake.hostControl(),
})
void runProcess(process.argv.slice(2), deps, 1_000)
