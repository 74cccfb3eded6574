import { randomUUID } from 'node:crypto'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { KindRef, KubeApi } from '../contracts/kubernetes.js'
import type { ExportedLogs, LogFile, LogPart } from '../contracts/logs.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { nodeLogsCommand, parseNodeLogs, redactObject, redactText } from '../logs/index.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { anySignal } from '../signals.js'
import { yamlText } from '../yaml-text.js'
import { readRecord, type OperationTools } from './tools.js'

export type ExportLogsOperation = Pick<Clusters, 'exportLogs'>

/** Each part has so long, whatever the others do. */
const partMs = 20_000
/** So many bytes of text at most, packed much less. */
const mostBytes = 18_000_000
/** Of which the nodes have so many, in equal shares; what one gives is in memory at once. */
const nodesBytes = 12_000_000
const largestFile = 2_000_000
const nodesAtOnce = 3

export function exportLogsOperation(
  { parts }: Pick<OperationTools, 'parts'>,
  others: Pick<Clusters, 'openApi' | 'status' | 'certificates'>,
): ExportLogsOperation {
  return {
    exportLogs: async (ref, write, { signal, progress }) => {
      const record = await readRecord(parts, ref, signal)
      const bundle = openBundle(write, signal)
      const json = async (value: Promise<unknown>): Promise<string> =>
        `${JSON.stringify(redactObject(await value), undefined, 2)}\n`
      const host = [
        ...(parts.home.logParts?.(ref) ?? []),
        { path: 'status.json', read: (inner: AbortSignal) => json(others.status(ref, inner)) },
        { path: 'certificates.json', read: (inner: AbortSignal) => json(others.certificates(ref, inner)) },
      ]
      await progress.phase('Collect from the host', () => Promise.all(host.map(bundle.add)))
      await Promise.all([
        progress.phase('Collect from the nodes', () => addNodes(parts, record, bundle)),
        progress.phase('Collect from the nested cluster', () =>
          addNested((inner) => others.openApi(ref, inner), bundle),
        ),
      ])
      return bundle.close()
    },
  }
}

interface Bundle {
  /** Never rejects but when all is to end, or what is handed over cannot be written. */
  readonly add: (part: LogPart) => Promise<void>
  /** Runs within the time of a part; what it throws is missing by that name. */
  readonly within: (what: string, work: (signal: AbortSignal) => Promise<void>) => Promise<void>
  readonly put: (file: LogFile) => Promise<void>
  readonly cut: string[]
  close(): Promise<ExportedLogs>
}

function openBundle(write: (file: LogFile) => Promise<void>, signal: AbortSignal): Bundle {
  const missing: string[] = []
  const cut: string[] = []
  let files = 0
  let bytes = 0
  let writing: Promise<void> = Promise.resolve()
  const handOver = (file: LogFile): Promise<void> => {
    files += 1
    // One after the other: an archive has one end.
    writing = writing.then(() => write(file))
    return writing
  }
  const put = async ({ path, text }: LogFile): Promise<void> => {
    const clean = redactText(text)
    const room = Math.min(largestFile, Math.max(0, mostBytes - bytes))
    const kept = clean.length > room ? clean.slice(clean.length - room) : clean
    if (kept.length < clean.length) cut.push(`${path}: the last ${kept.length} of ${clean.length} characters`)
    bytes += kept.length
    if (kept !== '' || clean === '') await handOver({ path, text: kept })
  }
  const within: Bundle['within'] = async (what, work) => {
    const deadline = AbortSignal.timeout(partMs)
    try {
      await work(anySignal(signal, deadline))
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted) missing.push(`${what}: no answer within ${partMs / 1000} s`)
      else if (error instanceof KnestError) missing.push(redactText(`${what}: ${error.message}`))
      else throw error
    }
  }
  return {
    cut,
    put,
    within,
    add: (part) => within(part.path, async (inner) => put({ path: part.path, text: await part.read(inner) })),
    close: async () => {
      const lines = (items: readonly string[]): string => items.map((item) => `${item}\n`).join('')
      await handOver({ path: 'missing.txt', text: missing.length === 0 ? 'nothing\n' : lines(missing) })
      await handOver({ path: 'cut.txt', text: cut.length === 0 ? 'nothing\n' : lines(cut) })
      return { files, missing, cut }
    },
  }
}

async function addNodes(
  parts: OperationTools['parts'],
  record: ClusterRecord,
  bundle: Bundle,
): Promise<void> {
  let nodes: readonly BackendNode[] = []
  await bundle.within('nodes', async (signal) => {
    nodes = await listNodes(record, await backendsOf(parts, record), signal)
  })
  const waiting = [...nodes]
  const share = Math.floor(nodesBytes / Math.max(1, nodes.length))
  const work = async (): Promise<void> => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift())
      await addNode(record, node, share, bundle)
  }
  await Promise.all(Array.from({ length: nodesAtOnce }, work))
}

function addNode(record: ClusterRecord, node: BackendNode, share: number, bundle: Bundle): Promise<void> {
  const folder = `nodes/${node.name}`
  return bundle.within(folder, async (signal) => {
    if (node.phase !== 'running')
      throw new KnestError('prerequisite', `the node is ${node.phase}: ${node.reason ?? 'no reason known'}`)
    const mark = `knest-${randomUUID()}`
    const handle = await node.backend.openNode(record, node.name, signal)
    const { argv, stdin } = nodeLogsCommand(mark, share)
    const { stdout } = await handle.execText(argv, {
      stdin,
      timeoutMs: partMs,
      signal,
      repeatable: true,
    })
    const { files, cut } = parseNodeLogs(stdout, mark)
    bundle.cut.push(...cut.map((text) => `${folder}/${text}`))
    for (const { path, text } of files) await bundle.put({ path: `${folder}/${path}`, text })
    if (files.length === 0) throw new KnestError('node-command', 'the node gave nothing')
  })
}

const nestedKinds: readonly (readonly [file: string, kind: KindRef])[] = [
  ['nodes', { apiVersion: 'v1', kind: 'Node' }],
  ['pods', { apiVersion: 'v1', kind: 'Pod' }],
  ['events', { apiVersion: 'v1', kind: 'Event' }],
  ['storageclasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }],
]

async function addNested(open: (signal: AbortSignal) => Promise<KubeApi>, bundle: Bundle): Promise<void> {
  let api: KubeApi | undefined
  await bundle.within('nested', async (signal) => {
    api = await open(signal)
  })
  const opened = api
  if (opened === undefined) return
  const yaml = (file: string, read: (signal: AbortSignal) => Promise<unknown>): LogPart => ({
    path: `nested/${file}.yaml`,
    read: async (signal) => yamlText(redactObject(await read(signal))),
  })
  try {
    await Promise.all(
      [
        ...nestedKinds.map(([file, kind]) => yaml(file, (signal) => opened.list(kind, { signal }))),
        yaml('kubeadm-config', (signal) =>
          opened.get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kubeadm-config', 'kube-system', signal),
        ),
        {
          path: 'nested/version.json',
          read: async (signal: AbortSignal) => (await opened.raw('/version', signal)).body,
        },
        {
          path: 'nested/readyz.txt',
          read: async (signal: AbortSignal) =>
            (await opened.raw('/readyz?verbose', signal, { method: 'GET', accept: '*/*' })).body,
        },
      ].map(bundle.add),
    )
  } finally {
    opened.close()
  }
}
