import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError, type Problem } from '../errors.js'
import { settingsFiles } from '../steps/settings-files.js'

/** Files of control planes whose ConfigMap or Secret is not on the host. Changes nothing. */
export async function sourceProblems(
  { home }: Parts,
  ref: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const look = async (path: string): Promise<readonly Problem[]> => {
    const files = spec.kubernetes?.files?.filter((file) => file.path === path) ?? []
    const record = { ...ref, spec: { ...spec, kubernetes: { files } } }
    try {
      await settingsFiles({ record, home }, signal)
      return []
    } catch (error) {
      if (!(error instanceof KnestError) || error.code !== 'prerequisite') throw error
      return [{ severity: 'error', message: error.message, hint: error.hint ?? 'make it' }]
    }
  }
  const paths = (spec.kubernetes?.files ?? []).map(({ path }) => path)
  return (await Promise.all(paths.map(look))).flat()
}
