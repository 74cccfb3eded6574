import type { Readable, Writable } from 'node:stream'
import type { engineImage, Host, HostControl, HostOptions as HostChoice, TerminalStreams } from 'knest'
import type * as manifestRoom from 'knest/manifests'
import type * as specRoom from 'knest/spec'
import type * as kubeconfigRoom from './kubeconfig/index.js'
import type * as templateRoom from './parts/templates.js'
import type { Messages } from './messages.js'
import type { ProgressStyle, Renderer } from './render/renderer.js'

export type {
  ControllerControl,
  EngineName,
  Host as OpenClusters,
  HostControl,
  HostIdentity,
  HostOptions as HostChoice,
  HostStatus,
  HostTarget,
  HostUp,
  InstallOptions,
  KubeVirtControl,
} from 'knest'

export type SpecRoom = typeof specRoom
type KubeconfigRoom = typeof kubeconfigRoom
type ManifestRoom = typeof manifestRoom
type TemplateRoom = typeof templateRoom

/** The only way to the terminal. */
export interface Streams {
  /** Results only. */
  out(text: string): void
  /** Everything else. */
  err(text: string): void
  readonly outIsTty: boolean
  readonly errIsTty: boolean
  readStdin(): Promise<string>
  /** Bytes as they are, for commands that pass them on. Asking for standard input opens it. */
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** SIGHUP: the terminal is closed. */
export type InterruptName = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Interrupts {
  /** Calls back on every signal until the returned function is called. */
  listen(onSignal: (name: InterruptName) => void): () => void
  /** Ends the process at once, without cleaning up, with the exit code of a program that the signal ended. */
  exitNow(name: InterruptName): void
}

/** What commands may use. What is costly is a function that builds it. */
export interface Deps {
  readonly streams: Streams
  /** The way of all other words to standard error. */
  readonly messages: Messages
  readonly interrupts: Interrupts
  readonly env: Readonly<Record<string, string | undefined>>
  now(): Date
  /** When this process began. */
  startedAt(): Date
  /** Rejects when aborted. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
  readFile(path: string): Promise<string>
  writeFile(path: string, text: string): Promise<void>
  /** Rejects as reading would. */
  openFile(path: string): Promise<Readable>
  /** As the library's function of that name. */
  readonly engineImage: typeof engineImage
  renderer(style: ProgressStyle): Promise<Renderer>
  spec(): Promise<SpecRoom>
  kubeconfigs(): Promise<KubeconfigRoom>
  manifests(): Promise<ManifestRoom>
  templates(): Promise<TemplateRoom>
  openClusters(choice: HostChoice): Promise<Host>
  hostControl(): Promise<HostControl>
  /** Asks for yes or no on standard error, throws `cancelled`; undefined when there is nobody to ask. */
  asker(): ((question: string) => Promise<boolean>) | undefined
  /** Undefined when standard input or output is none. */
  terminal(): TerminalStreams | undefined
  /** Runs a program on our terminal; gives its exit code, 128 + n after signal n, 127 when there is none. */
  spawn(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>
}
