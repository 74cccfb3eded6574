import { Command } from 'commander'
import type { ClusterNames } from '../completion/candidates.js'
import type { Deps } from '../deps.js'
import { findHost } from '../find-host.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'

/** Nobody waits longer for a completion. */
const patienceMs = 2000

/** What the completion scripts call. Prints candidates; never says anything else, never fails. */
export function completeCommand(deps: Deps, program: () => Command): Command {
  return new Command('__complete')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      const templateNames = async (): Promise<readonly string[]> =>
        Object.keys((await deps.templates()).templates)
      const { candidates } = await import('../completion/candidates.js')
      const found = await candidates(program(), words, clusterNames(deps, program), templateNames)
      deps.streams.out(found.map(({ text, description }) => `${text}\t${description}\n`).join(''))
    })
}

function clusterNames(deps: Deps, program: () => Command): ClusterNames {
  return async (words) => {
    try {
      const options = hostFlags(program(), words)
      const patience = AbortSignal.timeout(patienceMs)
      const { open } = await findHost(deps, options, patience)
      try {
        const clusters = await open.clusters.list(options.namespace, patience)
        return clusters.map(({ name }) => name)
      } finally {
        open.close()
      }
    } catch {
      return []
    }
  }
}

/** The words so far decide which host is asked. */
function hostFlags(program: Command, words: readonly string[]): GlobalOptions {
  program.parseOptions([...words.slice(0, -1)])
  return globalOptions(program)
}
