import { fullImageName, KnestError, NodeCommandError, type KindRef, type KubeApi } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { lastWords } from '../engine/program.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }

/** Images of the host's node, separated by commas: the Node's status names them only some time later, and not all. */
export const imagesAnnotation = 'knest.dev/images'

const ctr = ['ctr', '--namespace', 'k8s.io', 'images'] as const
const timeoutMs = 600_000

/** True when the node's containerd has the image. */
export async function nodeHasImage(
  engine: ContainerEngine,
  node: string,
  image: string,
  signal: AbortSignal,
): Promise<boolean> {
  const argv = ['exec', node, ...ctr, 'ls', '--quiet', `name==${fullImageName(image)}`]
  return (
    (await engine.must(argv, `list the images of "${node}"`, { timeoutMs: 30_000, signal })).trim() !== ''
  )
}

/** Copies an image of the engine into the node. Gives the names it has there. */
export async function copyImage(
  engine: ContainerEngine,
  node: string,
  image: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [saved, imported] = await engine.programs.pipe(
    engine.argv(['save', ...(engine.name === 'podman' ? ['--format', 'docker-archive'] : []), image]),
    engine.argv(['exec', '--interactive', node, ...ctr, 'import', '-']),
    { timeoutMs, signal },
  )
  if (saved.exitCode !== 0)
    throw new KnestError(
      'prerequisite',
      `${engine.name} could not save image "${image}": ${lastWords(saved)}`,
    )
  if (imported.exitCode !== 0)
    throw new NodeCommandError(node, ['ctr images import'], imported.exitCode, lastWords(imported))
  return importedNames(imported.stdout, image)
}

export function importedNames(output: string, image: string): readonly string[] {
  const names = [...output.matchAll(/^unpacking (\S+) \(sha256:/gm)].map(([, name = '']) => name)
  return names.length > 0 ? names : [fullImageName(image)]
}

/** Tells preflight at once what the host has. */
export async function announceImages(
  api: KubeApi,
  node: string,
  images: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const object = await api.get(nodeKind, node, undefined, signal)
  const known = (object?.metadata.annotations?.[imagesAnnotation] ?? '')
    .split(',')
    .filter((name) => name !== '')
  const all = [...new Set([...known, ...images])].sort().join(',')
  if (object !== undefined && object.metadata.annotations?.[imagesAnnotation] === all) return
  await api.patch(
    nodeKind,
    node,
    undefined,
    { metadata: { annotations: { [imagesAnnotation]: all } } },
    { signal },
  )
}
