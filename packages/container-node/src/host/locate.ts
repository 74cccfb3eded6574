import { KnestError, labels, type ClusterRef } from '@knest/core'
import { noEngine, type ContainerEngine } from '../engine/engine.js'
import { inspectContainer, volumeLabels, type ContainerObject } from '../engine/objects.js'
import { firstControlPlane, homeVolume, namespaceLabel, recordLabel } from '../engine/names.js'
import { decodeLabel, type RecordLabel } from '../home/record.js'

/** What an engine has of a host. */
export interface LocatedHost {
  readonly engine: ContainerEngine
  readonly container: ContainerObject | undefined
  /** Undefined when the record is gone or damaged. */
  readonly label: RecordLabel | undefined
}

/** The engine that has the host; undefined when none has. Throws `prerequisite` when no engine works on this machine. */
export async function locateHost(
  engines: readonly ContainerEngine[],
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<LocatedHost | undefined> {
  const faults: KnestError[] = []
  for (const engine of engines) {
    try {
      await engine.mustBeHere(signal)
      const [container, values] = await Promise.all([
        inspectContainer(engine, firstControlPlane(ref.name), signal),
        volumeLabels(engine, homeVolume(ref.name), signal),
      ])
      const own = container?.labels[namespaceLabel] === ref.namespace ? container : undefined
      const label = decodeLabel(values?.[recordLabel])
      const ours = values?.[labels.cluster] === ref.name && values[namespaceLabel] === ref.namespace
      if (own !== undefined || label !== undefined || ours) return { engine, container: own, label }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof KnestError) || error.code !== 'prerequisite') throw error
      faults.push(error)
    }
  }
  if (faults.length === engines.length) throw noEngine(faults)
  return undefined
}
