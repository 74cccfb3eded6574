import type { NodeHandle } from '../contracts/node-backend.js'
import type { Progress } from '../contracts/progress.js'
import { credentialsFile } from '../node/registries.js'
import { readRegistries, writeRegistries } from '../registries/index.js'
import type { StepContext } from './context.js'

/**
 * Tells a node how to reach registries. What their spec refers to and nobody finds is told and left out: a node that
 * cannot pull from one of them is better than none, and the next who looks at the cluster tries again.
 */
export async function setUpRegistries(
  { home, record }: Pick<StepContext, 'home' | 'record'>,
  node: NodeHandle,
  progress: Pick<Progress, 'warn'>,
  signal: AbortSignal,
): Promise<void> {
  const { problems, ...files } = await readRegistries(home, record, record.spec, signal)
  for (const { message, hint } of problems)
    progress.warn(`node "${node.name}" does without a part of its registries: ${message}; ${hint}`)
  const { hasOthers } = await writeRegistries(node, files, signal)
  if (hasOthers)
    progress.warn(
      `node "${node.name}" has a ${credentialsFile} that knest did not write, and keeps it: those of spec.registries are not in use there`,
    )
}
