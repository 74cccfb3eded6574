import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  changedSpec,
  checkScale,
  clusterCommand,
  defaultNamespace,
  deletable,
  describeChange,
  endedBy,
  fullImageName,
  KnestError,
  pausable,
  permit,
  phaseTable,
  resumable,
  scaledSpec,
  upgradedSpec,
  type ClusterCertificates,
  type ClusterChange,
  type ClusterImage,
  type ClusterKubeconfig,
  type ClusterOwner,
  type ClusterPhase,
  type ClusterRecord,
  type ClusterRef,
  type Clusters,
  type ClusterSpec,
  type ClusterStatus,
  type ClusterSummary,
  type CreateRun,
  type Diagnosis,
  type DoctorRequest,
  type ExecLimits,
  type ExecResult,
  type HealReport,
  type KubeApi,
  type ExportedLogs,
  type LoadOutcome,
  type LocatedOwner,
  type LoadRequest,
  type LogFile,
  type NodeHandle,
  type OpenedPort,
  type PlannedStep,
  type PortRequest,
  type Problem,
  type RenewedCertificates,
  type RenewRequest,
  type RunOptions,
  type ScaleRequest,
  type UpgradeRequest,
} from '@knest/core'
import { createFakeKubeApi } from './fake-kube-api.js'
import { fakeKubeconfig, fakeStatus, statusOfSpec } from './fake-status.js'
import { sampleSpec } from './sample-spec.js'

interface Kept {
  readonly status: ClusterStatus
  readonly spec: ClusterSpec
}

/**
 * For tests: remembers clusters in memory and every call that would have changed something. What forbids an
 * operation is asked of core; nodes are only said to be there. Passes the contract suite of the real ones.
 */
export class FakeClusters implements Clusters {
  /** By namespace and name. */
  readonly clusters = new Map<string, Kept>()
  readonly changes: string[] = []
  problems: readonly Problem[] = []
  /** Thrown by every call. */
  fault: Error | undefined
  /** Awaited by create while it would check the host, when nothing is there yet. */
  duringPreflight: (run: RunOptions) => Promise<void> = () => Promise.resolve()
  /** Awaited by create, with its run options, when the cluster has a record and no nodes. */
  duringCreate: (run: RunOptions) => Promise<void> = () => Promise.resolve()
  reachable = true
  /** The only namespace that may be listed. */
  narrowedTo: string | undefined
  lastSpec: ClusterSpec | undefined
  lastRequest: ScaleRequest | undefined
  lastUpgrade: UpgradeRequest | undefined
  lastRun: RunOptions | undefined
  closedForwards = 0
  /** What an apply to a cluster that is there would do, whatever the specs say. */
  change: ClusterChange | undefined
  readonly executed: { node: string; argv: readonly string[]; stdin: string | undefined }[] = []
  /** What commands on nodes do. */
  onExec: (options: ExecLimits) => Promise<ExecResult> = () =>
    Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
  certificateList: ClusterCertificates = {
    renewBeforeDays: 30,
    certificates: [],
    authorities: [],
    unfinished: [],
    problems: [],
  }

  /** With the spec it is made by, where that matters; else one that has as many nodes. */
  add(status: ClusterStatus, spec = specOf(status)): void {
    this.clusters.set(keyOf(status), { status, spec })
  }

  async preflight(_ref: ClusterRef, spec: ClusterSpec): Promise<readonly Problem[]> {
    await this.check()
    this.lastSpec = spec
    return this.problems
  }

  /** What healing finds and does. */
  healReport: HealReport = { phase: 'Ready', actions: [], nodes: [], nextAt: undefined }

  async heal(ref: ClusterRef): Promise<HealReport> {
    permit('heal', await this.read(ref))
    this.changes.push(`heal ${ref.name}`)
    return this.healReport
  }

  async reconcile(ref: ClusterRef): Promise<HealReport> {
    await this.check()
    const phase = this.clusters.get(keyOf(ref))?.status.phase
    if (phase === undefined || phaseTable[phase].reconciled !== 'always')
      return { phase: phase ?? 'Deleting', actions: [], nodes: [], nextAt: undefined }
    this.changes.push(`reconcile ${ref.name}`)
    return this.healReport
  }

  async create(ref: ClusterRef, spec: ClusterSpec, run: CreateRun): Promise<ClusterKubeconfig> {
    await this.check()
    this.lastSpec = spec
    this.lastRun = run
    const there = this.clusters.get(keyOf(ref))
    if (there === undefined) await this.duringPreflight(run)
    else resumable(recordOf(there), spec)
    this.changes.push(`create ${ref.namespace}/${ref.name}`)
    if (there === undefined) await run.placed?.(run.signal)
    this.add({ ...statusOfSpec(ref, spec, 'Creating'), labels: run.labels }, spec)
    if (there === undefined) run.made?.()
    await run.recorded?.(run.signal)
    await run.progress.phase('Create nodes', () => this.duringCreate(run))
    if (run.signal.aborted) throw endedBy(run.signal)
    const begun = Date.parse('2026-01-01T00:03:01Z')
    run.clock?.({ id: 'nodes', title: 'Create nodes', needs: [], startMs: begun, endMs: begun + 8_000 })
    const access = await this.kubeconfig(ref)
    await run.deliver?.(access)
    this.add({ ...statusOfSpec(ref, spec, 'Ready'), labels: run.labels }, spec)
    return access
  }

  /** Pods of the host, as namespace and name; each has its own as its uid. */
  readonly pods = new Set<string>()

  async findOwner({ kind, namespace = 'default', name }: Omit<ClusterOwner, 'uid'>): Promise<LocatedOwner> {
    await this.check()
    if (this.pods.has(`${namespace}/${name}`))
      return { kind, namespace, name, uid: `uid of ${namespace}/${name}` }
    throw new KnestError('not-found', `the host has no pod "${name}" in namespace "${namespace}"`)
  }

  /** What an export hands over, and what it lacks. */
  exported: { readonly files: readonly LogFile[]; readonly missing: readonly string[] } = {
    files: [{ path: 'status.json', text: '{}' }],
    missing: [],
  }

  async exportLogs(ref: ClusterRef, write: (file: LogFile) => Promise<void>): Promise<ExportedLogs> {
    await this.kept(ref)
    for (const file of this.exported.files) await write(file)
    return { files: this.exported.files.length, missing: this.exported.missing, cut: [] }
  }

  async planCreate(ref: ClusterRef, spec: ClusterSpec): Promise<readonly PlannedStep[]> {
    await this.check()
    this.lastSpec = spec
    const there = this.clusters.get(keyOf(ref))
    if (there !== undefined) resumable(recordOf(there), spec)
    return [
      { id: 'a', title: `Create node "${ref.name}-cp-0"`, needs: [] },
      { id: 'b', title: 'Start the control plane', needs: ['a'] },
    ]
  }

  async apply(ref: ClusterRef, spec: ClusterSpec, run: CreateRun): Promise<ClusterChange['action']> {
    const { action } = await this.planApply(ref, spec)
    if (action === 'created') await this.create(ref, spec, run)
    else if (action === 'configured') {
      this.changes.push(`apply ${ref.namespace}/${ref.name}`)
      this.add(statusOfSpec(ref, spec, 'Ready'), spec)
    }
    return action
  }

  async planApply(ref: ClusterRef, spec: ClusterSpec): Promise<ClusterChange> {
    await this.check()
    this.lastSpec = spec
    const there = this.clusters.get(keyOf(ref))
    if (there === undefined || !phaseTable[there.status.phase].isCreated)
      return { action: 'created', changes: [], steps: await this.planCreate(ref, spec) }
    const record = permit('apply', recordOf(there))
    if (this.change !== undefined) return this.change
    const steps = stepsBetween(there, changedSpec(record, spec))
    return { ...describeChange(record, spec, []), steps }
  }

  async scale(ref: ClusterRef, request: ScaleRequest): Promise<ClusterSummary> {
    const spec = await this.scaled(ref, request)
    this.changes.push(`scale ${ref.namespace}/${ref.name}`)
    const status = statusOfSpec(ref, spec, 'Ready')
    this.add(status, spec)
    return status
  }

  async planScale(ref: ClusterRef, request: ScaleRequest): Promise<readonly PlannedStep[]> {
    const spec = await this.scaled(ref, request)
    return stepsBetween(await this.kept(ref), spec)
  }

  async upgrade(ref: ClusterRef, request: UpgradeRequest): Promise<ClusterStatus> {
    const spec = await this.upgraded(ref, request)
    this.changes.push(`upgrade ${ref.namespace}/${ref.name}`)
    const status = { ...(await this.status(ref)), kubernetesVersion: spec.kubernetesVersion }
    this.add(status, spec)
    return status
  }

  async planUpgrade(ref: ClusterRef, request: UpgradeRequest): Promise<readonly PlannedStep[]> {
    await this.upgraded(ref, request)
    return [{ id: 'a', title: `Upgrade control plane "${ref.name}-cp-0"`, needs: [] }]
  }

  async extend(ref: ClusterRef, moreMs: number): Promise<ClusterSummary> {
    const { spec, createdAt } = await this.read(ref)
    this.changes.push(`extend ${ref.namespace}/${ref.name} ${moreMs}`)
    const expiresAt = new Date(Date.parse(createdAt) + moreMs).toISOString()
    return { ...fakeStatus({ ...ref, spec }), expiresAt }
  }

  async pause(ref: ClusterRef): Promise<void> {
    const { spec } = pausable(await this.read(ref))
    this.changes.push(`pause ${ref.namespace}/${ref.name}`)
    this.add(statusOfSpec(ref, spec, 'Paused'), spec)
  }

  async planPause(ref: ClusterRef): Promise<readonly PlannedStep[]> {
    pausable(await this.read(ref))
    return [{ id: 'a', title: `Delete node "${ref.name}-cp-0", keep its disk`, needs: [] }]
  }

  async resume(ref: ClusterRef): Promise<ClusterStatus> {
    const { spec } = permit('resume', await this.read(ref))
    this.changes.push(`resume ${ref.namespace}/${ref.name}`)
    const status = statusOfSpec(ref, spec, 'Ready')
    this.add(status, spec)
    return status
  }

  async planResume(ref: ClusterRef): Promise<readonly PlannedStep[]> {
    permit('resume', await this.read(ref))
    return [{ id: 'a', title: `Create node "${ref.name}-cp-0"`, needs: [] }]
  }

  /** `keepData` may be left out by tests that only want a cluster to go. */
  async delete(
    ref: ClusterRef,
    { keepData = false }: { readonly keepData?: boolean } = {},
  ): Promise<{ readonly dataKept: boolean }> {
    const { spec } = deletable(await this.read(ref), keepData)
    this.changes.push(`delete ${ref.namespace}/${ref.name}`)
    if (keepData) this.add(statusOfSpec(ref, spec, 'Kept'), spec)
    else this.clusters.delete(keyOf(ref))
    return { dataKept: keepData }
  }

  async planDelete(
    ref: ClusterRef,
    { keepData }: { readonly keepData: boolean },
  ): Promise<readonly PlannedStep[]> {
    deletable(await this.read(ref), keepData)
    return [{ id: 'a', title: `Delete cluster "${ref.name}"`, needs: [] }]
  }

  async list(
    asked: string | undefined,
    _signal?: AbortSignal,
    narrowed?: (namespace: string) => void,
  ): Promise<readonly ClusterStatus[]> {
    await this.check()
    if (asked === undefined && this.narrowedTo !== undefined) narrowed?.(this.narrowedTo)
    const namespace = asked ?? this.narrowedTo
    return [...this.clusters.values()]
      .map(({ status }) => status)
      .filter((each) => namespace === undefined || each.namespace === namespace)
  }

  async status(ref: ClusterRef): Promise<ClusterStatus> {
    return (await this.kept(ref)).status
  }

  async find(name: string, namespace: string | undefined): Promise<ClusterRef> {
    await this.check()
    const own = { name, namespace: namespace ?? defaultNamespace(name) }
    if (this.clusters.has(keyOf(own))) return own
    const others =
      namespace === undefined ? (await this.list(undefined)).filter((each) => each.name === name) : []
    const [only] = others
    if (only === undefined) throw noCluster(name, namespace)
    if (others.length > 1) {
      const names = others.map((each) => `"${each.namespace}"`).join(', ')
      throw new KnestError('usage', `there are ${others.length} clusters named "${name}"`, {
        hint: `choose one with -n: ${names}`,
      })
    }
    return { name, namespace: only.namespace }
  }

  async kubeconfig(ref: ClusterRef): Promise<ClusterKubeconfig> {
    await this.kept(ref)
    return {
      kubeconfig: fakeKubeconfig(ref.name),
      server: 'https://10.0.0.1:30443',
      reachable: this.reachable,
    }
  }

  /** Knows the Node objects, as they are now. */
  async openApi(ref: ClusterRef, signal: AbortSignal): Promise<KubeApi> {
    const { nodes } = await this.status(ref)
    if (!nodes.some(({ role, ready }) => role === 'control-plane' && ready)) throw noControlPlane(ref)
    const kind = { apiVersion: 'v1', kind: 'Node' }
    const api = createFakeKubeApi([kind])
    for (const { name } of nodes) await api.create({ ...kind, metadata: { name } }, { signal })
    return api
  }

  async forwardApi(ref: ClusterRef): ReturnType<Clusters['forwardApi']> {
    const { nodes } = await this.status(ref)
    if (!nodes.some(({ role }) => role === 'control-plane')) throw noControlPlane(ref)
    const close = (): Promise<void> => {
      this.closedForwards++
      return Promise.resolve()
    }
    return { port: 16443, kubeconfig: fakeKubeconfig(ref.name, 'https://127.0.0.1:16443'), close }
  }

  async openNode(ref: ClusterRef, node: string): Promise<NodeHandle> {
    const { nodes } = await this.status(ref)
    const found = nodes.find(({ name }) => name === node)
    if (found === undefined)
      throw new KnestError('not-found', `cluster "${ref.name}" has no node "${node}"`, {
        hint: `its nodes are ${nodes.map(({ name }) => name).join(', ')}`,
      })
    const dial = (): never => {
      throw new Error('the fake has no ports')
    }
    return {
      name: node,
      role: found.role,
      exec: async (argv, options) => {
        const { stdin } = options
        const input = stdin instanceof Readable ? await text(stdin) : stdin?.toString()
        this.executed.push({ node, argv, stdin: input })
        const { exitCode, stdout, stderr } = await this.onExec(options)
        options.stdout.write(stdout)
        options.stderr.write(stderr)
        return exitCode
      },
      execText: (argv, options) => {
        this.executed.push({ node, argv, stdin: options.stdin?.toString() })
        return this.onExec(options)
      },
      dial,
      terminal: (argv) => {
        this.executed.push({ node, argv, stdin: 'terminal' })
        return Promise.resolve(3)
      },
    }
  }

  /** What the last port was asked for; those that were closed again. */
  portRequest: PortRequest | undefined
  closedPorts = 0
  /** How ports are reached, where it is not as a test expects it mostly. */
  opened: Partial<OpenedPort> = {}

  async openPort(ref: ClusterRef, request: PortRequest): Promise<OpenedPort> {
    await this.openApi(ref, new AbortController().signal)
    this.portRequest = request
    const subject = `${request.kind} "${request.name}"`
    const close = (): Promise<void> => {
      this.closedPorts++
      return Promise.resolve()
    }
    const url = `http://127.0.0.1:${request.localPort ?? 32_768}`
    return { url, subject, port: '80', otherPorts: [], isForwarded: true, close, ...this.opened }
  }

  diagnosis: Diagnosis = { findings: [], unseen: [] }
  /** What the last diagnosis was asked with. */
  doctorRequest: DoctorRequest | undefined

  async diagnose(ref: ClusterRef, request: DoctorRequest): Promise<Diagnosis> {
    await this.read(ref)
    this.doctorRequest = request
    return this.diagnosis
  }

  async diagnoseHost(
    _ref: ClusterRef,
    _specs: readonly ClusterSpec[],
    request: DoctorRequest,
  ): Promise<Diagnosis> {
    await this.check()
    this.doctorRequest = request
    return this.diagnosis
  }

  async certificates(ref: ClusterRef): Promise<ClusterCertificates> {
    permit('certificates', await this.read(ref))
    return this.certificateList
  }

  async planRenewal(ref: ClusterRef, { all }: RenewRequest): Promise<readonly PlannedStep[]> {
    permit('certificates', await this.read(ref))
    return all ? [{ id: 'a', title: `Renew the certificates of "${ref.name}-cp-0"`, needs: [] }] : []
  }

  async renewCertificates(ref: ClusterRef, { all }: RenewRequest): Promise<RenewedCertificates> {
    permit('certificates', await this.read(ref))
    this.changes.push(`renew ${ref.namespace}/${ref.name}`)
    return { ...this.certificateList, renewed: all ? this.certificateList.certificates : [] }
  }

  /** What `images` gives, of every cluster. */
  loadedImages: readonly ClusterImage[] = []

  async load(
    ref: ClusterRef,
    { archives, nodes: chosen }: LoadRequest,
    run: RunOptions,
  ): Promise<readonly LoadOutcome[]> {
    permit('load', await this.read(ref))
    const names = (await this.status(ref)).nodes.map(({ name }) => name)
    const absent = chosen?.find((name) => !names.includes(name))
    if (absent !== undefined)
      throw new KnestError('not-found', `cluster "${ref.name}" has no node "${absent}"`)
    const loaded = names.filter((name) => chosen?.includes(name) !== false)
    for (const archive of archives) (await archive.open(run.signal)).resume()
    this.changes.push(`load ${ref.namespace}/${ref.name}`)
    return archives.map(({ title }) => {
      const name = fullImageName(/"(.*)"/.exec(title)?.[1] ?? 'archived')
      return { title, images: [{ name, digest: 'sha256:fake' }], loaded, had: [] }
    })
  }

  async images(ref: ClusterRef): Promise<readonly ClusterImage[]> {
    await this.kept(ref)
    return this.loadedImages
  }

  async removeImages(ref: ClusterRef, images: readonly string[]): Promise<readonly string[]> {
    permit('load', await this.read(ref))
    const names = images.map(fullImageName)
    const absent = images.find((_, index) => !this.loadedImages.some(({ name }) => name === names[index]))
    if (absent !== undefined)
      throw new KnestError('not-found', `image "${absent}" was not loaded into cluster "${ref.name}"`)
    this.changes.push(`remove images of ${ref.namespace}/${ref.name}`)
    return names
  }

  private async scaled(ref: ClusterRef, request: ScaleRequest): Promise<ClusterSpec> {
    const { spec } = permit('scale', await this.read(ref))
    this.lastRequest = request
    return scaledSpec(spec, checkScale(request, spec, { force: request.force ?? false }))
  }

  private async upgraded(ref: ClusterRef, request: UpgradeRequest): Promise<ClusterSpec> {
    const record = permit('upgrade', await this.read(ref))
    this.lastUpgrade = request
    return upgradedSpec(record, request)
  }

  private async kept(ref: ClusterRef): Promise<Kept> {
    await this.check()
    const kept = this.clusters.get(keyOf(ref))
    if (kept === undefined) throw noCluster(ref.name)
    return kept
  }

  private async read(ref: ClusterRef): Promise<ClusterRecord> {
    return recordOf(await this.kept(ref))
  }

  private check(): Promise<void> {
    return this.fault === undefined ? Promise.resolve() : Promise.reject(this.fault)
  }
}

function keyOf({ namespace, name }: ClusterRef): string {
  return `${namespace}/${name}`
}

function recordOf({ status, spec }: Kept): ClusterRecord {
  const { name, namespace, conditions, createdAt } = status
  // What shows a healthy record as Degraded is looked at anew each time.
  const phase: ClusterPhase = status.phase === 'Degraded' ? 'Ready' : status.phase
  return { name, namespace, spec, phase, conditions, createdAt, uid: 'uid', version: '1' }
}

function specOf({ kubernetesVersion, controlPlane, workers }: ClusterStatus): ClusterSpec {
  return {
    ...sampleSpec,
    kubernetesVersion,
    image: `localhost/knest/node:v${kubernetesVersion}`,
    controlPlane: { ...sampleSpec.controlPlane, count: controlPlane.desired },
    workers: sampleSpec.workers.map((pool) => ({ ...pool, count: workers.desired })),
  }
}

/** Nodes that would come and go. */
function stepsBetween({ status, spec }: Kept, wanted: ClusterSpec): readonly PlannedStep[] {
  const [before, after] = [spec, wanted].map((each) =>
    statusOfSpec(status, each, 'Ready').nodes.map(({ name }) => name),
  )
  const step = (verb: string, name: string): PlannedStep => ({
    id: `node:${name}`,
    title: `${verb} node "${name}"`,
    needs: [],
  })
  return [
    ...(after ?? []).filter((name) => before?.includes(name) !== true).map((name) => step('Create', name)),
    ...(before ?? []).filter((name) => after?.includes(name) !== true).map((name) => step('Remove', name)),
  ]
}

function noCluster(name: string, namespace?: string): KnestError {
  const where = namespace === undefined ? '' : ` in namespace "${namespace}"`
  return new KnestError('not-found', `there is no cluster "${name}"${where}`, { hint: 'see: `knest list`' })
}

function noControlPlane(ref: ClusterRef): KnestError {
  return new KnestError('prerequisite', `no control plane of cluster "${ref.name}" answers`, {
    hint: `see: ${clusterCommand('status', ref)}`,
  })
}
