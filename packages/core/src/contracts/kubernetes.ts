import type { Duplex } from 'node:stream'
import type { KindRef, KubeObject } from './kube-object.js'
import type { ExecOptions, TerminalStreams } from './node-backend.js'

export type {
  KindRef,
  KubeObject,
  LabelSelector,
  ObjectMeta,
  OwnerReference,
  SelectorRequirement,
} from './kube-object.js'

export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** The first so many, by name, and no more; for `list` only. */
  readonly limit?: number | undefined
  readonly signal: AbortSignal
}

export interface WaitOptions<T> {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** What is awaited, as a sentence part: `pod "a" to be running`. For the timeout message. */
  readonly awaited: string
  /** The last seen state in few words. For the timeout message. */
  describe(seen: T): string
}

/**
 * A Kubernetes API: the host's or a nested cluster's. Every failure is a KnestError:
 * `host-unreachable`, `not-permitted` (401, 403), `not-found` (404), `already-exists`, `conflict` (409),
 * `config` (400, 422: the API's own message), `timeout`.
 */
export interface KubeApi {
  /** For messages, as in `context "kind-dev"`. */
  readonly description: string

  /**
   * Server-side apply, field manager `knest`. Creates or changes; gives what is stored. It takes fields over that
   * others own, unless `force` is false: then `conflict`. With `metadata.uid` only that very object: else `conflict`.
   */
  apply(
    object: KubeObject,
    options: { readonly signal: AbortSignal; readonly dryRun?: boolean; readonly force?: boolean },
  ): Promise<KubeObject>
  create(
    object: KubeObject,
    options: { readonly signal: AbortSignal; readonly dryRun?: boolean; readonly strict?: boolean },
  ): Promise<KubeObject>
  /**
   * PUT; `metadata.resourceVersion` guards against lost updates. `strict`, here and for `create`: fields that the
   * kind does not have are refused with `config`. Without it the API server drops them.
   */
  replace(
    object: KubeObject,
    options: { readonly signal: AbortSignal; readonly strict?: boolean },
  ): Promise<KubeObject>
  /** JSON merge patch on the object, or on one subresource such as `status`. */
  patch(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    patch: unknown,
    options: { readonly signal: AbortSignal; readonly subresource?: string },
  ): Promise<KubeObject>
  /** Undefined when there is none. */
  get(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined>
  /** Items carry their apiVersion and kind. An unknown kind gives `not-found`. */
  list(kind: KindRef, options: ListOptions): Promise<readonly KubeObject[]>
  /** Absent is fine: gives false. */
  delete(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    options: {
      readonly signal: AbortSignal
      readonly gracePeriodSeconds?: number
      readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
      readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
    },
  ): Promise<boolean>
  /**
   * Lists, then watches, and resolves with the objects as soon as `done` accepts them (it is called
   * after every change). Reconnects by itself; never polls.
   */
  waitFor(
    kind: KindRef,
    selector: Omit<ListOptions, 'signal'>,
    done: (objects: readonly KubeObject[]) => boolean,
    options: WaitOptions<readonly KubeObject[]>,
  ): Promise<readonly KubeObject[]>
  /**
   * GET, or another request, of any path such as `/readyz`: status code, body text and the time of the server, in
   * milliseconds since 1970, where its answer has it. Throws only when unreachable, or
   * for a path of the API when the server does not serve it yet.
   */
  raw(
    path: string,
    signal: AbortSignal,
    request?: {
      readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
      readonly body?: unknown
      /** Media types of the answer; JSON when absent. */
      readonly accept?: string
    },
  ): Promise<{ readonly status: number; readonly body: string; readonly date?: number | undefined }>
  /** True when the caller may do this (SelfSubjectAccessReview). */
  canI(
    access: {
      readonly verb: string
      readonly group?: string
      readonly resource: string
      readonly subresource?: string
      readonly namespace?: string
    },
    signal: AbortSignal,
  ): Promise<boolean>

  /**
   * Runs a command in a pod; see NodeHandle.exec for the promises. But a program that cannot be started is
   * an error, and who ends without reading its input may not be seen to end when more than 64 KiB are left.
   */
  exec(pod: PodRef, argv: readonly string[], options: PodExecOptions): Promise<number>
  /** Interactive, with a TTY, resizes followed; gives the exit code. */
  terminal(
    pod: PodRef,
    argv: readonly string[],
    streams: TerminalStreams,
    signal: AbortSignal,
  ): Promise<number>
  /** A byte stream to a TCP port of a pod. */
  forward(pod: PodRef, port: number, signal: AbortSignal): Promise<Duplex>
  /**
   * A byte stream on a WebSocket whose messages are raw bytes, as KubeVirt's subresources have them. Ends
   * with `signal` and with `close`. A cut connection looks like the far side's end. Rejects as every call
   * does when the server refuses, and with `timeout` when it does not answer.
   */
  openStream(path: string, options: ByteStreamOptions, signal: AbortSignal): Promise<Duplex>
  /** Closes kept connections and open streams. The object is not used afterwards. */
  close(): void
}

export interface ByteStreamOptions {
  /** The WebSocket subprotocol, as in `plain.kubevirt.io`. */
  readonly protocol: string
  /** As in `port 22 of VM "demo/a"`; for messages. */
  readonly subject: string
  /** How long the server may take to answer, in milliseconds; 30 s when absent. */
  readonly timeoutMs?: number | undefined
}

export interface PodExecOptions extends ExecOptions {
  /** What messages call the command; the first word of it when absent. */
  readonly called?: string | undefined
  /**
   * What the command writes to both outputs when it has ended, followed by its exit code and `;`; it is taken out of
   * them. It reads the rest of its input then, which is at its end. Without this proof Success counts as a connection
   * that was lost: an API server says so, too, when it loses its connection to the kubelet.
   */
  readonly endMark?: string | undefined
}

export interface PodRef {
  readonly namespace: string
  readonly name: string
  readonly container?: string | undefined
}
