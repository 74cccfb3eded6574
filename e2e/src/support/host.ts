import { execFileSync } from 'node:child_process'
import type { TestHome } from './home.js'
import { runKnest } from './knest.js'

/** The engine that runs the embedded host: `podman` or `docker`. */
export async function hostEngine(home: TestHome): Promise<string> {
  const { stdout } = await runKnest(home, ['host', 'status', '-o', 'json'])
  return (JSON.parse(stdout) as { engine: string }).engine
}

/** Stops the embedded host's container, as a reboot would, and brings it up again. */
export async function restartHost(home: TestHome): Promise<void> {
  execFileSync(await hostEngine(home), ['stop', '--time', '10', 'knest-host-cp-0'])
  const outcome = await runKnest(home, ['host', 'up'])
  if (outcome.code !== 0) throw new Error(`knest host up ended with ${outcome.code}: ${outcome.stderr}`)
}
