import { KnestError } from '@knest/core'
import type { ContainerEngine } from './engine.js'
import { lastWords, type ProgramResult } from './program.js'

/** What knest reads of a container; both engines agree on these fields. */
export interface ContainerObject {
  readonly name: string
  /** As in `running`, `exited`, `created`. */
  readonly state: string
  readonly exitCode: number
  readonly startedAt: string
  /** The name it was made with. */
  readonly image: string
  readonly imageId: string
  readonly labels: Readonly<Record<string, string>>
  /** The address in its network; undefined when it does not run. */
  readonly ip: string | undefined
}

export interface NetworkObject {
  readonly name: string
  readonly subnets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

export interface ImageObject {
  readonly id: string
  /** Directory of the image's only layer on this machine; undefined when it has several, or none is told. */
  readonly layer: string | undefined
}

export type EngineObjectKind = 'container' | 'network' | 'volume' | 'image'

/** Undefined when the engine has no such object. Throws `prerequisite` when the engine does not work. */
export async function inspectObject(
  engine: ContainerEngine,
  kind: EngineObjectKind,
  name: string,
  signal: AbortSignal,
): Promise<unknown> {
  const result = await engine.run([kind, 'inspect', name], { timeoutMs: 30_000, signal })
  if (result.exitCode === 0) return (JSON.parse(result.stdout) as unknown[])[0]
  if (
    /no such|not known|not found|unable to find/i.test(result.stderr) &&
    !/daemon running/i.test(result.stderr)
  )
    return undefined
  throw new KnestError('prerequisite', `${engine.name} does not work: ${lastWords(result)}`)
}

interface ContainerView {
  readonly Name?: string
  readonly Image?: string
  readonly State?: { readonly Status?: string; readonly ExitCode?: number; readonly StartedAt?: string }
  readonly Config?: { readonly Image?: string; readonly Labels?: Readonly<Record<string, string>> | null }
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string } | null>> | null
  }
}

export function parseContainer(value: unknown): ContainerObject {
  const { Name = '', Image = '', State, Config, NetworkSettings } = value as ContainerView
  const addresses = Object.values(NetworkSettings?.Networks ?? {}).map((network) => network?.IPAddress ?? '')
  return {
    name: Name.replace(/^\//, ''),
    state: State?.Status ?? 'unknown',
    exitCode: State?.ExitCode ?? 0,
    startedAt: State?.StartedAt ?? '',
    image: Config?.Image ?? '',
    imageId: Image.replace(/^sha256:/, ''),
    labels: Config?.Labels ?? {},
    ip: addresses.find((address) => address !== ''),
  }
}

export async function inspectContainer(
  engine: ContainerEngine,
  name: string,
  signal: AbortSignal,
): Promise<ContainerObject | undefined> {
  const found = await inspectObject(engine, 'container', name, signal)
  return found === undefined ? undefined : parseContainer(found)
}

interface NetworkView {
  readonly name?: string
  readonly Name?: string
  readonly subnets?: readonly { readonly subnet?: string }[] | null
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null }
  readonly labels?: Readonly<Record<string, string>> | null
  readonly Labels?: Readonly<Record<string, string>> | null
  /** Of podman before 4.0, which prints the configuration of the CNI. */
  readonly args?: { readonly podman_labels?: Readonly<Record<string, string>> }
  readonly plugins?: readonly {
    readonly ipam?: { readonly ranges?: readonly (readonly { readonly subnet?: string }[])[] }
  }[]
}

/** podman writes lower-case names, docker capitals, podman before 4.0 a file of the CNI. */
export function parseNetwork(value: unknown): NetworkObject {
  const view = value as NetworkView
  const subnets = [
    ...(view.subnets ?? []).map(({ subnet }) => subnet),
    ...(view.IPAM?.Config ?? []).map(({ Subnet }) => Subnet),
    ...(view.plugins ?? []).flatMap(({ ipam }) => ipam?.ranges?.flat() ?? []).map(({ subnet }) => subnet),
  ]
  return {
    name: view.name ?? view.Name ?? '',
    subnets: subnets.filter((subnet) => subnet !== undefined && !subnet.includes(':')) as string[],
    labels: view.labels ?? view.Labels ?? view.args?.podman_labels ?? {},
  }
}

interface ImageView {
  readonly Id?: string
  readonly GraphDriver?: {
    readonly Name?: string
    readonly Data?: { readonly UpperDir?: string; readonly LowerDir?: string } | null
  }
}

export function parseImage(value: unknown): ImageObject {
  const { Id = '', GraphDriver } = value as ImageView
  const { UpperDir, LowerDir } = GraphDriver?.Data ?? {}
  const single = GraphDriver?.Name?.startsWith('overlay') === true && LowerDir === undefined
  return { id: Id.replace(/^sha256:/, ''), layer: single ? UpperDir : undefined }
}

export async function inspectImage(
  engine: ContainerEngine,
  name: string,
  signal: AbortSignal,
): Promise<ImageObject | undefined> {
  const found = await inspectObject(engine, 'image', name, signal)
  return found === undefined ? undefined : parseImage(found)
}

export async function volumeLabels(
  engine: ContainerEngine,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const found = (await inspectObject(engine, 'volume', name, signal)) as
    { readonly Labels?: Readonly<Record<string, string>> | null } | undefined
  return found === undefined ? undefined : (found.Labels ?? {})
}

/** Names of what carries a label, as in `knest.dev/cluster=a`; the label may be without value. */
export async function namesByLabel(
  engine: ContainerEngine,
  kind: Exclude<EngineObjectKind, 'image'>,
  label: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const list =
    kind === 'container' ? ['ps', '--all', '--format', '{{.Names}}'] : [kind, 'ls', '--format', '{{.Name}}']
  const output = await engine.must([...list, '--filter', `label=${label}`], `list its ${kind}s`, {
    timeoutMs: 30_000,
    signal,
  })
  return output.split('\n').filter((line) => line !== '')
}

/** Removes objects. Absent ones are fine. */
export async function removeObjects(
  engine: ContainerEngine,
  kind: Exclude<EngineObjectKind, 'image'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const remove = (name: string, options: readonly string[]): Promise<ProgramResult> =>
    engine.run([kind, 'rm', ...options, name], { signal, letFinish: true })
  // Anonymous volumes go with the container; named ones stay.
  const usual = kind === 'container' ? ['--force', '--volumes'] : []
  const quick = kind === 'container' && engine.name === 'podman' ? ['--time', '5'] : []
  await Promise.all(
    names.map(async (name) => {
      let result = await remove(name, [...usual, ...quick])
      // podman before 4.0 has its own idea of how long.
      if (result.stderr.includes('unknown flag: --time')) result = await remove(name, usual)
      if (result.exitCode === 0 || /no such|not found|unable to find/i.test(result.stderr)) return
      throw new KnestError(
        'prerequisite',
        `${engine.name} could not remove ${kind} "${name}": ${lastWords(result)}`,
      )
    }),
  )
}
