import type { StepContext } from './context.js'

/** When the host began to run each of these nodes; those of which it does not say are left out. */
export async function nodeStarts(
  { record, backendOf }: Pick<StepContext, 'record' | 'backendOf'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Date>> {
  const backends = new Set(await Promise.all(names.map(backendOf)))
  const lists = await Promise.all([...backends].map((backend) => backend.listNodes(record, signal)))
  const starts = lists.flat().flatMap(({ name, startedAt }): [string, Date][] => {
    const ms = startedAt === undefined ? NaN : Date.parse(startedAt)
    // A heartbeat has no fractions of a second.
    return isNaN(ms) || !names.includes(name) ? [] : [[name, new Date(Math.floor(ms / 1000) * 1000)]]
  })
  return new Map(starts)
}
