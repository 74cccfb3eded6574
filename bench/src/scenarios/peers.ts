import type { FigureName } from '../figures.js'
import { run } from '../run.js'
import type { Scenario } from './scenario.js'

interface Peer {
  readonly figure: FigureName
  readonly create: readonly string[]
  readonly remove: readonly string[]
}

const kind: Peer = {
  figure: 'kind',
  create: ['kind', 'create', 'cluster', '--wait', '300s', '--name'],
  remove: ['kind', 'delete', 'cluster', '--name'],
}
const k3d: Peer = {
  figure: 'k3d',
  create: ['k3d', 'cluster', 'create', '--wait'],
  remove: ['k3d', 'cluster', 'delete'],
}

/** Others that do the like; one that is not on PATH is left out. */
export const peers: readonly Scenario[] = [kind, k3d].map(({ figure, create, remove }) => ({
  figures: [figure],
  run: async ({ cluster }) => {
    const [program = ''] = create
    if (!(await isOnPath(program))) return {}
    const { seconds } = await run(program, [...create.slice(1), cluster])
    await run(program, [...remove.slice(1), cluster])
    return { [figure]: seconds }
  },
}))

async function isOnPath(program: string): Promise<boolean> {
  return run('which', [program]).then(
    () => true,
    () => false,
  )
}
