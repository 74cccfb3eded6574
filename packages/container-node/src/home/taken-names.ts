import { labels, type ClusterRef, type Problem } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { diskVolume, firstControlPlane, homeVolume, networkName } from '../engine/names.js'
import { inspectNetwork } from '../engine/network.js'
import { inspectContainer, volumeLabels, type EngineObjectKind } from '../engine/objects.js'
import { belongsTo } from '../node/cluster-containers.js'

/**
 * What the engine has under names that those of a cluster would have which is to be made, and that is not its own: it
 * would be taken into use, and removed with the cluster.
 */
export async function takenNames(
  engine: ContainerEngine,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const node = firstControlPlane(ref.name)
  const [container, network, home, disk] = await Promise.all([
    inspectContainer(engine, node, signal),
    inspectNetwork(engine, ref.name, signal),
    volumeLabels(engine, homeVolume(ref.name), signal),
    volumeLabels(engine, diskVolume(node), signal),
  ])
  const hasOwnContainer = container !== undefined && belongsTo(container, ref)
  const isOwn = (values: Readonly<Record<string, string>>): boolean => values[labels.cluster] === ref.name
  const taken: readonly (readonly [EngineObjectKind, string, boolean])[] = [
    ['container', node, container !== undefined && !hasOwnContainer],
    ['network', networkName(ref.name), network !== undefined && !isOwn(network.labels)],
    ['volume', homeVolume(ref.name), home !== undefined && !isOwn(home)],
    // The engine makes it with the container, and without labels.
    ['volume', diskVolume(node), disk !== undefined && !hasOwnContainer],
  ]
  return taken.flatMap(([kind, name, isTaken]) =>
    isTaken
      ? [
          {
            severity: 'error' as const,
            message: `${engine.name} has ${kind} "${name}" already, and it is not of a cluster "${ref.name}"`,
            hint: `choose another --name; if nobody needs it: ${engine.name} ${kind} rm ${name}`,
          },
        ]
      : [],
  )
}
