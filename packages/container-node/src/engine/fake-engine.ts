import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { KnestError, overlaps, parseCidr } from '@knest/core'
import type { ProgramOptions, ProgramResult, Programs } from './program.js'

interface FakeContainer {
  state: string
  image: string
  labels: Readonly<Record<string, string>>
  ip: string
}

export interface FakeEngine extends Programs {
  /** Every command, without the engine's name. */
  readonly calls: string[][]
  readonly containers: Map<string, FakeContainer>
  readonly volumes: Map<string, Readonly<Record<string, string>>>
  readonly networks: Map<
    string,
    { readonly subnet: string; readonly labels: Readonly<Record<string, string>> }
  >
  /** Content of the home volumes, by `VOLUME/FILE`. */
  readonly files: Map<string, string>
  /** Answers instead of the engine; undefined leaves it to the engine. */
  intercept:
    ((args: readonly string[], options: ProgramOptions) => Partial<ProgramResult> | undefined) | undefined
}

const ok = (stdout = ''): ProgramResult => ({ exitCode: 0, stdout, stderr: '' })
const absent = (what: string, name: string): ProgramResult => ({
  exitCode: 125,
  stdout: '[]',
  stderr: `Error: no such ${what} ${name}`,
})

/** A podman that keeps its containers in memory, for tests. Only podman is installed. */
export function createFakeEngine(images: readonly string[] = ['localhost/knest/node:v1.35.4']): FakeEngine {
  const fake: FakeEngine = {
    calls: [],
    containers: new Map(),
    volumes: new Map(),
    networks: new Map(),
    files: new Map(),
    intercept: undefined,
    run: (argv, options) => {
      const [program = '', ...args] = argv.filter((argument) => !argument.startsWith('--cgroup-manager'))
      if (program !== 'podman') {
        if (program === 'ip') return Promise.resolve(ok('[]'))
        return Promise.reject(new KnestError('prerequisite', `"${program}" is not installed`))
      }
      if (options.signal.aborted) return Promise.reject(new KnestError('cancelled', 'cancelled'))
      fake.calls.push(args)
      const other = fake.intercept?.(args, options)
      return Promise.resolve(
        other === undefined ? answer(fake, images, args, options) : { ...ok(), ...other },
      )
    },
    stream: async (argv, options) => {
      const stdin = options.stdin instanceof Readable ? await text(options.stdin) : options.stdin
      const { exitCode, stdout, stderr } = await fake.run(argv, { ...options, stdin })
      options.stdout.write(stdout)
      options.stderr.write(stderr)
      return exitCode
    },
    pipe: (from, to) => {
      fake.calls.push(from.slice(1), to.slice(1))
      return Promise.resolve([ok(), ok(`unpacking ${from.at(-1) ?? ''} (sha256:1)...done\n`)])
    },
    interactive: () => Promise.resolve(0),
  }
  return fake
}

function answer(
  fake: FakeEngine,
  images: readonly string[],
  args: readonly string[],
  options: ProgramOptions,
): ProgramResult {
  const [first = '', second = ''] = args
  const name = args.at(-1) ?? ''
  if (second === 'inspect') return inspect(fake, images, first, name)
  if (first === '--runtime') return answer(fake, images, args.slice(2), options)
  if (first === 'info')
    return ok(JSON.stringify({ host: { cgroupVersion: 'v2', ociRuntime: { name: 'runc' } } }))
  if (first === 'ps')
    return ok(
      matching(
        args,
        [...fake.containers].map(([key, { labels }]) => [key, labels]),
      ),
    )
  if (second === 'ls') {
    const from =
      first === 'volume'
        ? [...fake.volumes]
        : [...fake.networks].map(([key, { labels }]) => [key, labels] as const)
    return ok(matching(args, from))
  }
  if (second === 'rm') return remove(fake, first, name)
  if (second === 'create') return create(fake, first, args)
  if (first === 'run') return run(fake, args, options)
  if (first === 'start') return start(fake, name)
  if (first === 'exec') return exec(fake, args, options)
  return ok()
}

function inspect(fake: FakeEngine, images: readonly string[], kind: string, name: string): ProgramResult {
  const container = fake.containers.get(name)
  const network = fake.networks.get(name)
  const volume = fake.volumes.get(name)
  if (kind === 'container' && container !== undefined) {
    const { state, image, labels, ip } = container
    const address = state === 'running' ? ip : ''
    return ok(
      JSON.stringify([
        {
          Name: name,
          Image: 'abc',
          State: { Status: state, ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z' },
          Config: { Image: image, Labels: labels },
          NetworkSettings: { Networks: { net: { IPAddress: address } } },
        },
      ]),
    )
  }
  if (kind === 'network' && network !== undefined) {
    return ok(JSON.stringify([{ name, subnets: [{ subnet: network.subnet }], labels: network.labels }]))
  }
  if (kind === 'volume' && volume !== undefined) return ok(JSON.stringify([{ Name: name, Labels: volume }]))
  if (kind === 'image' && images.includes(name)) return ok(JSON.stringify([{ Id: 'sha256:abc' }]))
  return absent(kind, name)
}

function matching(
  args: readonly string[],
  from: readonly (readonly [string, Readonly<Record<string, string>>])[],
): string {
  const filter = args.at(-1)?.startsWith('label=') === true ? (args.at(-1) ?? '').slice('label='.length) : ''
  const [key = '', value] = filter.split('=')
  const found = from.filter(
    ([, labels]) => filter === '' || (value === undefined ? key in labels : labels[key] === value),
  )
  return found.map(([name]) => `${name}\n`).join('')
}

function remove(fake: FakeEngine, kind: string, name: string): ProgramResult {
  const map: Map<string, unknown> =
    kind === 'container' ? fake.containers : kind === 'volume' ? fake.volumes : fake.networks
  return map.delete(name) ? ok() : absent(kind, name)
}

function create(fake: FakeEngine, kind: string, args: readonly string[]): ProgramResult {
  const name = args.at(-1) ?? ''
  if (kind === 'network') {
    const subnet = optionOf(args, '--subnet') ?? ''
    const isUsed = [...fake.networks.values()].some((other) =>
      overlaps(parseCidr(other.subnet), parseCidr(subnet)),
    )
    if (isUsed)
      return {
        exitCode: 125,
        stdout: '',
        stderr: `Error: subnet ${subnet} is already used on the host or by another config`,
      }
    fake.networks.set(name, { subnet, labels: labelsOf(args) })
  }
  // Like the engines: a volume that is there is left as it is.
  else if (!fake.volumes.has(name)) fake.volumes.set(name, labelsOf(args))
  return ok()
}

function run(fake: FakeEngine, args: readonly string[], options: ProgramOptions): ProgramResult {
  if (args.includes('--rm')) return script(fake, homeOf(args), args.at(-1) ?? '', options)
  for (const volume of volumesOf(args)) if (!fake.volumes.has(volume)) fake.volumes.set(volume, {})
  fake.containers.set(optionOf(args, '--name') ?? '', {
    state: 'running',
    image: args.at(-1) ?? '',
    labels: labelsOf(args),
    ip: optionOf(args, '--ip') ?? '',
  })
  return ok()
}

function start(fake: FakeEngine, name: string): ProgramResult {
  const container = fake.containers.get(name)
  if (container === undefined) return absent('container', name)
  container.state = 'running'
  return ok()
}

function exec(fake: FakeEngine, args: readonly string[], options: ProgramOptions): ProgramResult {
  const [name = '', program, , text = ''] = args.slice(1).filter((argument) => argument !== '--interactive')
  const container = fake.containers.get(name)
  if (container === undefined)
    return {
      exitCode: 125,
      stdout: '',
      stderr: `Error: no container with name or ID "${name}" found: no such container`,
    }
  if (container.state !== 'running') {
    return {
      exitCode: 255,
      stdout: '',
      stderr: 'Error: can only create exec sessions on running containers: container state improper',
    }
  }
  return program === 'sh'
    ? script(fake, `${container.labels['knest.dev/cluster'] ?? ''}-home`, text, options)
    : ok()
}

/** The scripts of home-files.ts, known by what they do. */
function script(fake: FakeEngine, volume: string, text: string, { stdin }: ProgramOptions): ProgramResult {
  const target = /(?:mv|ln) \.new\.\$\$ (\S+)/.exec(text)
  if (target === null) {
    const files = [...fake.files].filter(([path]) => path.startsWith(`${volume}/`))
    const line = ([path, content]: readonly [string, string]): string =>
      `${path.slice(volume.length + 1)} ${Buffer.from(content).toString('base64')}\n`
    return ok(files.map(line).join(''))
  }
  const path = `${volume}/${target[1] ?? ''}`
  if (!text.includes('ln .new') || !fake.files.has(path)) fake.files.set(path, String(stdin))
  return ok(fake.files.get(path))
}

function optionOf(args: readonly string[], option: string): string | undefined {
  const index = args.indexOf(option)
  return index === -1 ? undefined : args[index + 1]
}

function valuesOf(args: readonly string[], option: string): readonly string[] {
  return args.filter((_, index) => args[index - 1] === option)
}

function labelsOf(args: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    valuesOf(args, '--label').map((text) => [
      text.slice(0, text.indexOf('=')),
      text.slice(text.indexOf('=') + 1),
    ]),
  )
}

function volumesOf(args: readonly string[]): readonly string[] {
  return valuesOf(args, '--volume').map((mount) => mount.split(':')[0] ?? '')
}

function homeOf(args: readonly string[]): string {
  return volumesOf(args)[0] ?? ''
}
