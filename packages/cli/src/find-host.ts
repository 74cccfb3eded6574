import { existsSync } from 'node:fs'
import { isAbsolute, delimiter, join, resolve } from 'node:path'
import { anySignal, defaultHostName, KnestError, type ConnectionOverrides } from 'knest'
import type { Deps, HostChoice, OpenClusters } from './deps.js'
import { hostChoice, namesHost, type GlobalOptions, type HostOptions } from './global-options.js'
import { hostCandidates, type HostCandidate } from './host-candidates.js'
import type { HostRecord, KnownContext } from './kubeconfig/index.js'
import { home } from './kubeconfig/kept.js'
import { isSameServer } from './kubeconfig/same-server.js'

/** The host that a command works on, and how it was chosen. */
export interface FoundHost {
  readonly open: OpenClusters
  /** Why it is not what kubectl would talk to; undefined when it is. */
  readonly note: string | undefined
  /** The flags with which kubectl talks to it; undefined when it needs none but those that were given. */
  readonly kubectl: HostOptions | undefined
  /** What leads back to it from the context of a cluster that is made on it. */
  record(signal: AbortSignal): Promise<HostRecord>
}

/** How long a host that may be another one is asked who it is. */
const doubtMs = 10_000

/**
 * The host of the flags; else of the current context, which for a nested cluster is the host it was made
 * on; else the embedded host, if it is up. Throws as `openClusters`, and `config` when a nested cluster's
 * host cannot be found.
 */
export async function findHost(deps: Deps, options: GlobalOptions, signal: AbortSignal): Promise<FoundHost> {
  const { connection = {} } = options
  const asked = hostChoice(options)
  if (namesHost(options)) return found(deps, asked, signal)
  const { kubeconfigFiles, readContexts } = await deps.kubeconfigs()
  const files = kubeconfigFiles(deps.env, home(deps))
  const known = await readContexts(files).catch((error: unknown) => {
    // Opening it says what is wrong with it.
    if (error instanceof KnestError) return undefined
    throw error
  })
  if (known === undefined) return found(deps, asked, signal)
  const current = known.contexts.find(({ name }) => name === known.current)
  if (current?.host !== undefined)
    return hostOfNested(deps, current.name, current.host, files, connection, signal)
  const embedded = known.current === undefined ? await embeddedHost(deps, connection, signal) : undefined
  return embedded ?? found(deps, asked, signal)
}

async function found(deps: Deps, choice: HostChoice, signal: AbortSignal, note?: string): Promise<FoundHost> {
  const open = await unlessAborted(deps.openClusters(choice), signal)
  const kubectl =
    note === undefined ? undefined : { context: open.identity.context, kubeconfig: fileOf(deps, choice) }
  return { open, note, kubectl, record: (recording) => recordOf(deps, choice, open, recording) }
}

/** A login plugin may wait for somebody for long; a command that is interrupted does not. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop)
    })
  })
}

/** The last resort on a machine of its own: in a pod, and where $KUBECONFIG is set, there is another answer. */
async function embeddedHost(
  deps: Deps,
  connection: ConnectionOverrides,
  signal: AbortSignal,
): Promise<FoundHost | undefined> {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST } = deps.env
  if ((KUBECONFIG ?? '') !== '' || (KUBERNETES_SERVICE_HOST ?? '') !== '') return undefined
  const kubeconfigText = await embeddedKubeconfig(deps, signal)
  if (kubeconfigText === undefined) return undefined
  return found(
    deps,
    { kubeconfigText, direct: true, ...connection },
    signal,
    `there is no current context; this is the embedded host "${defaultHostName}"`,
  )
}

/** Undefined when it is not up, or when this machine cannot have one. */
async function embeddedKubeconfig(deps: Deps, signal: AbortSignal): Promise<string | undefined> {
  try {
    const control = await deps.hostControl()
    return await control.kubeconfig({ name: defaultHostName }, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return undefined
    throw error
  }
}

async function hostOfNested(
  deps: Deps,
  nested: string,
  record: HostRecord,
  files: readonly string[],
  connection: ConnectionOverrides,
  signal: AbortSignal,
): Promise<FoundHost> {
  const note = `context "${nested}" is a nested cluster's; this is its host. To nest in it: --context ${nested}`
  const { readContexts } = await deps.kubeconfigs()
  const usual = [join(home(deps), '.kube', 'config')]
  const recorded = record.kubeconfig?.split(delimiter)
  const names = new Set<string>()
  for (const set of unique([recorded ?? [], files, usual])) {
    const { contexts } = await readContexts(set).catch(noContexts)
    for (const { name } of contexts) names.add(name)
    for (const candidate of hostCandidates(record, contexts)) {
      const host = await tryCandidate(
        deps,
        { ...candidate, kubeconfig: set, connection },
        record,
        note,
        signal,
      )
      if (host !== undefined) return host
    }
  }
  const kubeconfigText = await embeddedKubeconfig(deps, signal)
  if (kubeconfigText !== undefined) {
    const host = await found(deps, { kubeconfigText, direct: true, ...connection }, signal, note)
    if (await isHost(host.open, record, isSameServer(host.open.identity.server, record.server), signal))
      return host
    host.open.close()
  }
  throw lost(nested, record, [...names])
}

async function tryCandidate(
  deps: Deps,
  candidate: HostCandidate & {
    readonly kubeconfig: readonly string[]
    readonly connection: ConnectionOverrides
  },
  record: HostRecord,
  note: string,
  signal: AbortSignal,
): Promise<FoundHost | undefined> {
  const { context, kubeconfig, connection, sameServer, sameName } = candidate
  const certain = sameServer && sameName
  let host: FoundHost | undefined
  // Its time begins after a login, which takes as long as it takes.
  let bounded = signal
  try {
    host = await found(deps, { context, kubeconfig, ...connection }, signal, note)
    if (!certain) bounded = anySignal(signal, AbortSignal.timeout(doubtMs))
    if (await isHost(host.open, record, sameServer, bounded)) return host
  } catch (error) {
    host?.open.close()
    signal.throwIfAborted()
    // That the recorded host does not answer is the answer; that another one does not is nobody's matter.
    if (certain || !(error instanceof KnestError || bounded.aborted)) throw error
    return undefined
  }
  host.open.close()
  return undefined
}

/** By the uid; by the server where there is none to compare. */
async function isHost(
  open: OpenClusters,
  record: HostRecord,
  sameServer: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const uid = record.uid === undefined ? undefined : await open.identity.uid(signal)
  return uid === undefined ? sameServer : uid === record.uid
}

function lost(nested: string, { context, server }: HostRecord, names: readonly string[]): KnestError {
  const was = context === undefined ? server : `context "${context}", ${server}`
  const others = names.filter((name) => name !== nested).map((name) => `"${name}"`)
  const list = others.length === 0 ? '' : `; the other contexts there are: ${others.join(', ')}`
  return new KnestError(
    'config',
    `the current context "${nested}" is a nested cluster's, and no context leads to its host (${was})`,
    { hint: `name a host with --context${list}` },
  )
}

async function recordOf(
  deps: Deps,
  choice: HostChoice,
  open: OpenClusters,
  signal: AbortSignal,
): Promise<HostRecord> {
  const uid = await open.identity.uid(signal).catch((error: unknown) => {
    if (error instanceof KnestError && !signal.aborted) return undefined
    // At the end of the command's time it says more than the signal.
    throw error
  })
  return {
    context: open.identity.context,
    kubeconfig: recordedFiles(deps, choice),
    server: open.identity.server,
    uid,
  }
}

/** For kubectl, which takes one file; several it finds by itself. */
function fileOf(deps: Deps, { kubeconfig }: HostChoice): string | undefined {
  const { KUBECONFIG = '' } = deps.env
  const files = kubeconfig === undefined || typeof kubeconfig === 'string' ? [] : kubeconfig
  const usual = KUBECONFIG === '' ? [join(home(deps), '.kube', 'config')] : KUBECONFIG.split(delimiter)
  return files.length === 1 && !usual.includes(files[0] ?? '') ? files[0] : undefined
}

/** Undefined for `~/.kube/config`, and for a host whose kubeconfig is in no file. */
function recordedFiles(deps: Deps, { kubeconfig, kubeconfigText }: HostChoice): string | undefined {
  if (kubeconfigText !== undefined) return undefined
  const given =
    typeof kubeconfig === 'string'
      ? [kubeconfig]
      : (kubeconfig ?? (deps.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== ''))
  const files = given.map((file) => (isAbsolute(file) ? file : resolve(file)))
  const usual = join(home(deps), '.kube', 'config')
  return files.length === 0 || (files.length === 1 && files[0] === usual) ? undefined : files.join(delimiter)
}

/** Each once, and of their files those that are there. */
function unique(sets: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const present = sets.map((set) => set.filter((file) => existsSync(file)))
  const byText = new Map(present.map((set) => [set.join(delimiter), set]))
  byText.delete('')
  return [...byText.values()]
}

function noContexts(error: unknown): { readonly contexts: readonly KnownContext[] } {
  if (error instanceof KnestError) return { contexts: [] }
  throw error
}
