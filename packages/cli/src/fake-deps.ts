import { Readable, Writable } from 'node:stream'
import { KnestError, type TerminalStreams } from 'knest'
import type {
  Deps,
  HostChoice,
  HostIdentity,
  HostControl,
  HostStatus,
  InstallOptions,
  InterruptName,
  ControllerControl,
  KubeVirtControl,
} from './deps.js'
import { FakeClusters } from '@knest/testing'
import { main } from './main.js'
import { Messages } from './messages.js'
import { parts } from './parts.js'
import { jsonRenderer } from './render/json.js'
import { plainRenderer } from './render/plain.js'
import { quietRenderer } from './render/quiet.js'

/** For tests: runs `main` with fakes and keeps what it wrote. */
export class FakeTerminal {
  readonly clusters = new FakeClusters()
  readonly host = new FakeHostControl()
  readonly env: Record<string, string | undefined> = {}
  readonly files = new Map<string, string>()
  /** Images of this machine's engine. */
  readonly images = new Set<string>(['app:dev'])
  readonly spawned: { argv: readonly string[]; env: Readonly<Record<string, string | undefined>> }[] = []
  stdin = ''
  terminal: TerminalStreams | undefined
  readonly questions: string[] = []
  /** To every question; undefined: nobody is there. */
  answer: boolean | undefined
  readonly kubeVirt = new FakeKubeVirtControl()
  readonly controller = new FakeControllerControl()
  out = ''
  outIsTty = false
  err = ''
  /** Thrown instead of opening the host. */
  hostFault: Error | undefined
  /** Thrown by the host when it is asked for its version. */
  versionFault: Error | undefined
  opened: HostChoice[] = []
  /** Of the host that is opened. */
  identity: (choice: HostChoice) => HostIdentity = ({ context }) => ({
    context: context ?? 'fake',
    server: 'https://fake:6443',
    uid: () => Promise.resolve('uid-of-fake'),
  })
  closed = 0
  exitedAtOnce = 0
  spawn: (argv: readonly string[]) => Promise<number> = () => Promise.resolve(0)
  /** What happens between two looks. */
  pause: () => Promise<void> = () => Promise.resolve()
  private readonly listeners = new Set<(name: InterruptName) => void>()

  constructor(home: string) {
    this.env.HOME = home
  }

  run(...argv: readonly string[]): Promise<number> {
    return main(argv, this.deps())
  }

  signal(name: InterruptName = 'SIGINT'): void {
    for (const listener of this.listeners) listener(name)
  }

  deps(): Deps {
    const write = (text: string): void => {
      this.err += text
    }
    const close = (): void => {
      this.closed++
    }
    const now = (): Date => new Date('2026-01-01T00:03:12Z')
    return {
      streams: {
        out: (text) => {
          this.out += text
        },
        err: write,
        outIsTty: this.outIsTty,
        errIsTty: false,
        readStdin: () => Promise.resolve(this.stdin),
        stdin: Readable.from([this.stdin]),
        stdout: into((text) => (this.out += text)),
        stderr: into(write),
      },
      messages: new Messages(write, () => 0),
      interrupts: {
        listen: (onSignal) => {
          this.listeners.add(onSignal)
          return () => this.listeners.delete(onSignal)
        },
        exitNow: () => {
          this.exitedAtOnce++
        },
      },
      env: this.env,
      now,
      startedAt: () => new Date('2026-01-01T00:03:00Z'),
      pause: () => this.pause(),
      readFile: (path) => {
        const text = this.files.get(path)
        const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
        return text === undefined ? Promise.reject(missing) : Promise.resolve(text)
      },
      writeFile: (path, text) => {
        if (path.includes('/')) return Promise.reject(new Error('no such folder'))
        this.files.set(path, text)
        return Promise.resolve()
      },
      openFile: (path) => {
        const text = this.files.get(path)
        const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
        return text === undefined ? Promise.reject(missing) : Promise.resolve(Readable.from([text]))
      },
      engineImage: (image) => {
        if (!this.images.has(image))
          return Promise.reject(new KnestError('not-found', `podman has no image "${image}"`))
        return Promise.resolve({
          title: `image "${image}"`,
          open: () => Promise.resolve(Readable.from(['archive'])),
        })
      },
      renderer: (style) =>
        Promise.resolve(
          style === 'quiet'
            ? quietRenderer(write)
            : style === 'json'
              ? jsonRenderer(write, now)
              : plainRenderer(write, now),
        ),
      spec: parts.spec,
      kubeconfigs: parts.kubeconfigs,
      manifests: parts.manifests,
      templates: parts.templates,
      openClusters: (options) => {
        this.opened.push(options)
        if (this.hostFault !== undefined) return Promise.reject(this.hostFault)
        return Promise.resolve({
          clusters: this.clusters,
          description: 'context "fake"',
          identity: this.identity(options),
          kubeVirt: this.kubeVirt,
          controller: this.controller,
          hostVersion: () =>
            this.versionFault === undefined ? Promise.resolve('v1.34.1') : Promise.reject(this.versionFault),
          close,
          [Symbol.asyncDispose]: () => {
            close()
            return Promise.resolve()
          },
        })
      },
      hostControl: () => Promise.resolve(this.host),
      asker: () => {
        const { answer } = this
        if (answer === undefined) return undefined
        return (question) => {
          this.questions.push(question)
          return Promise.resolve(answer)
        }
      },
      terminal: () => this.terminal,
      spawn: (argv, env) => {
        this.spawned.push({ argv, env })
        return this.spawn(argv)
      },
    }
  }
}

function into(take: (text: string) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      take(chunk.toString())
      done()
    },
  })
}

class FakeKubeVirtControl implements KubeVirtControl {
  there = true
  readonly installs: InstallOptions[] = []

  isThere: KubeVirtControl['isThere'] = () => Promise.resolve(this.there)
  install: KubeVirtControl['install'] = (options) => {
    this.installs.push(options)
    this.there = true
    return Promise.resolve()
  }
}

class FakeControllerControl implements ControllerControl {
  found: Awaited<ReturnType<ControllerControl['find']>> = 'installed'
  fault: Error | undefined
  bindFault: Error | undefined
  readonly calls: string[] = []
  /** Clusters that it may look after. */
  readonly bound: string[] = []

  find: ControllerControl['find'] = () => Promise.resolve(this.found)
  ensure: ControllerControl['ensure'] = (image) => this.did(`bring ${image}`)
  bind: ControllerControl['bind'] = ({ namespace, name }) => {
    if (this.bindFault !== undefined) return Promise.reject(this.bindFault)
    this.bound.push(`${namespace}/${name}`)
    return Promise.resolve()
  }
  install: ControllerControl['install'] = (image, _run, { allNamespaces = false } = {}) =>
    this.did(`install ${image}${allNamespaces ? ' for all namespaces' : ''}`)
  uninstall: ControllerControl['uninstall'] = () => this.did('uninstall')
  removeIfUnused: ControllerControl['removeIfUnused'] = ({ namespace, name }) =>
    this.did(`dismiss ${namespace}/${name}`)
  work: ControllerControl['work'] = ({ port }) => this.did(`work on port ${port}`)

  private did(call: string): Promise<void> {
    if (this.fault !== undefined) return Promise.reject(this.fault)
    this.calls.push(call)
    return Promise.resolve()
  }
}

class FakeHostControl implements HostControl {
  readonly calls: string[] = []
  current: HostStatus = {
    name: 'knest-host',
    engine: 'podman',
    phase: 'running',
    kubernetesVersion: '1.35.4',
    context: 'knest-host',
    server: 'https://127.0.0.1:6443',
    createdAt: '2026-01-01T00:00:00Z',
    reason: undefined,
    room: [],
  }
  fault: Error | undefined

  up: HostControl['up'] = (options) => {
    this.calls.push(`up ${options.name} ${options.engine ?? '-'} ${options.image ?? '-'}`)
    return this.answer({ status: this.current, kubeconfig: fakeHostKubeconfig, changed: true })
  }
  /** Of an embedded host that is up. */
  running: string | undefined
  kubeconfig: HostControl['kubeconfig'] = () => this.answer(this.running)
  status: HostControl['status'] = () => this.answer(this.current)
  load: HostControl['load'] = (target, images) => {
    this.calls.push(`load ${target.name} ${images.join(' ')}`)
    return this.answer(undefined)
  }
  down: HostControl['down'] = (target) => {
    this.calls.push(`down ${target.name}`)
    return this.answer(undefined)
  }

  private answer<T>(value: T): Promise<T> {
    return this.fault === undefined ? Promise.resolve(value) : Promise.reject(this.fault)
  }
}

export const fakeHostKubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: knest-host
  cluster:
    server: https://127.0.0.1:6443
contexts:
- name: knest-host
  context:
    cluster: knest-host
    user: knest-host-admin
current-context: knest-host
users:
- name: knest-host-admin
  user: {}
`
