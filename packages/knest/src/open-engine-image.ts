import { createEngine, engineNames, savedImage, type EngineName } from '@knest/container-node'
import type { ImageArchive } from '@knest/core/contracts'

/** Of that engine, or of the first that has it. */
export function openEngineImage(
  image: string,
  engine: EngineName | undefined,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const names = engine === undefined ? engineNames : [engine]
  return savedImage(
    names.map((name) => createEngine(name)),
    image,
    signal,
  )
}
