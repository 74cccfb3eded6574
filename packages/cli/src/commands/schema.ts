import { Command } from 'commander'
import type { Deps } from '../deps.js'

export async function schemaRun(deps: Deps): Promise<void> {
  const { clusterFileJsonSchema } = await deps.spec()
  deps.streams.out(`${JSON.stringify(clusterFileJsonSchema(), null, 2)}\n`)
}

export function schemaCommand(deps: Deps, run: typeof schemaRun = schemaRun): Command {
  return new Command('schema')
    .description('print the JSON Schema of cluster files, for editors')
    .action(() => run(deps))
}
