import { KnestError, type HostResource, type Problem } from 'knest'
import type { HostControl } from '../deps.js'

const reasons: Partial<Record<HostResource['name'], Problem['reason']>> = {
  disk: 'HostDiskFull',
  processes: 'ProcessLimit',
  'inotify-instances': 'InotifyLimit',
  'inotify-watches': 'InotifyLimit',
}

/**
 * What the machine of an embedded host runs out of, as `host status` knows it; nothing where the host of this context
 * is another one, or lies elsewhere.
 */
export async function machineProblems(
  control: HostControl,
  context: string | undefined,
  isSame: (server: string) => boolean,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (context === undefined) return []
  try {
    const { name: host, server, room } = await control.status({ name: context }, signal)
    if (server === undefined || !isSame(server)) return []
    return room.flatMap(({ name, capacity, used = 0, warning }) => {
      const reason = reasons[name]
      if (reason === undefined || warning === undefined) return []
      const message = `${name} of the machine of "${host}": ${used} of ${capacity} are used`
      return [{ reason, severity: 'warning' as const, message, hint: warning }]
    })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return []
    throw error
  }
}
