import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  KnestError,
  type ClusterCertificates,
  type ClusterChange,
  type ClusterKubeconfig,
  type ClusterRef,
  type Clusters,
  type CreateRun,
  type ClusterSpec,
  type ClusterStatus,
  type ClusterSummary,
  type ExecOptions,
  type ExecResult,
  type HealReport,
  type NodeHandle,
  type PlannedStep,
  type Problem,
  type RenewedCertificates,
  type RenewRequest,
  type RunOptions,
  type ScaleRequest,
  type UpgradeRequest,
} from 'knest'

/** For tests: remembers clusters in memory and every call that would have changed something. */
export class FakeClusters implements Clusters {
  readonly clusters = new Map<string, ClusterStatus>()
  readonly changes: string[] = []
  problems: readonly Problem[] = []
  /** Thrown by every call. */
  fault: Error | undefined
  /** Awaited by create, with its run options, before it does anything. */
  duringCreate: (run: RunOptions) => Promise<void> = () => Promise.resolve()
  reachable = true
  lastSpec: ClusterSpec | undefined
  lastRequest: ScaleRequest | undefined
  lastUpgrade: UpgradeRequest | undefined
  lastRun: RunOptions | undefined
  closedForwards = 0
  /** What an apply to a cluster that is there would do. */
  change: ClusterChange = { action: 'unchanged', changes: [], steps: [] }
  readonly executed: { node: string; argv: readonly string[]; stdin: string | undefined }[] = []
  /** What commands on nodes do. */
  onExec: (options: ExecOptions) => Promise<ExecResult> = () =>
    Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
  certificateList: ClusterCertificates = {
    renewBeforeDays: 30,
    certificates: [],
    authorities: [],
    unfinished: [],
    problems: [],
  }

  add(status: ClusterStatus): void {
    this.clusters.set(status.name, status)
  }

  async preflight(_ref: ClusterRef, spec: ClusterSpec): Promise<readonly Problem[]> {
    await this.check()
    this.lastSpec = spec
    return this.problems
  }

  /** What healing finds and does. */
  healReport: HealReport = { phase: 'Ready', actions: [], nodes: [], nextAt: undefined }

  async heal(ref: ClusterRef): Promise<HealReport> {
    await this.check()
    this.changes.push(`heal ${ref.name}`)
    return this.healReport
  }

  async reconcile(ref: ClusterRef): Promise<HealReport> {
    await this.check()
    this.changes.push(`reconcile ${ref.name}`)
    return this.healReport
  }

  async create(ref: ClusterRef, spec: ClusterSpec, run: CreateRun): Promise<ClusterKubeconfig> {
    await this.check()
    this.lastSpec = spec
    this.lastRun = run
    if (this.clusters.has(ref.name)) throw new KnestError('already-exists', `cluster "${ref.name}" exists`)
    this.changes.push(`create ${ref.namespace}/${ref.name}`)
    await run.progress.phase('Create nodes', () => this.duringCreate(run))
    const begun = Date.parse('2026-01-01T00:03:01Z')
    run.clock?.({ id: 'nodes', title: 'Create nodes', needs: [], startMs: begun, endMs: begun + 8_000 })
    this.add(fakeStatus({ ...ref, spec }))
    const access = await this.kubeconfig(ref)
    await run.deliver?.(access)
    return access
  }

  async planCreate(_ref: ClusterRef, spec: ClusterSpec): Promise<readonly PlannedStep[]> {
    await this.check()
    this.lastSpec = spec
    return [
      { id: 'a', title: 'Create node "x-cp-0"', needs: [] },
      { id: 'b', title: 'Start the control plane', needs: ['a'] },
    ]
  }

  async apply(ref: ClusterRef, spec: ClusterSpec, run: CreateRun): Promise<ClusterChange['action']> {
    const { action } = await this.planApply(ref, spec)
    if (action === 'created') await this.create(ref, spec, run)
    else if (action === 'configured') this.changes.push(`apply ${ref.namespace}/${ref.name}`)
    return action
  }

  async planApply(ref: ClusterRef, spec: ClusterSpec): Promise<ClusterChange> {
    await this.check()
    this.lastSpec = spec
    if (this.clusters.has(ref.name)) return this.change
    return { action: 'created', changes: [], steps: await this.planCreate(ref, spec) }
  }

  async scale(ref: ClusterRef, request: ScaleRequest): Promise<ClusterSummary> {
    const status = await this.status(ref)
    this.lastRequest = request
    this.changes.push(`scale ${ref.namespace}/${ref.name}`)
    return status
  }

  async planScale(ref: ClusterRef, request: ScaleRequest): Promise<readonly PlannedStep[]> {
    await this.status(ref)
    this.lastRequest = request
    return []
  }

  async upgrade(ref: ClusterRef, request: UpgradeRequest): Promise<ClusterStatus> {
    const status = await this.status(ref)
    this.lastUpgrade = request
    this.changes.push(`upgrade ${ref.namespace}/${ref.name}`)
    return { ...status, kubernetesVersion: request.kubernetesVersion }
  }

  async planUpgrade(ref: ClusterRef, request: UpgradeRequest): Promise<readonly PlannedStep[]> {
    await this.status(ref)
    this.lastUpgrade = request
    return [{ id: 'a', title: `Upgrade control plane "${ref.name}-cp-0"`, needs: [] }]
  }

  async pause(ref: ClusterRef): Promise<void> {
    await this.status(ref)
    this.changes.push(`pause ${ref.namespace}/${ref.name}`)
  }

  async planPause(ref: ClusterRef): Promise<readonly PlannedStep[]> {
    await this.status(ref)
    return [{ id: 'a', title: `Delete node "${ref.name}-cp-0", keep its disk`, needs: [] }]
  }

  async resume(ref: ClusterRef): Promise<ClusterStatus> {
    const status = await this.status(ref)
    this.changes.push(`resume ${ref.namespace}/${ref.name}`)
    return status
  }

  async planResume(ref: ClusterRef): Promise<readonly PlannedStep[]> {
    await this.status(ref)
    return [{ id: 'a', title: `Create node "${ref.name}-cp-0"`, needs: [] }]
  }

  async delete(ref: ClusterRef): Promise<void> {
    await this.status(ref)
    this.changes.push(`delete ${ref.namespace}/${ref.name}`)
    this.clusters.delete(ref.name)
  }

  async planDelete(ref: ClusterRef): Promise<readonly PlannedStep[]> {
    await this.status(ref)
    return [{ id: 'a', title: `Delete cluster "${ref.name}"`, needs: [] }]
  }

  async list(namespace: string | undefined): Promise<readonly ClusterStatus[]> {
    await this.check()
    return [...this.clusters.values()].filter(
      (each) => namespace === undefined || each.namespace === namespace,
    )
  }

  async status(ref: ClusterRef): Promise<ClusterStatus> {
    await this.check()
    const status = this.clusters.get(ref.name)
    if (status?.namespace === ref.namespace) return status
    throw new KnestError('not-found', `there is no cluster "${ref.name}"`, { hint: 'see: knest list' })
  }

  async find(name: string, namespace: string | undefined): Promise<ClusterRef> {
    await this.check()
    const found = this.clusters.get(name)
    return this.status({ name, namespace: namespace ?? found?.namespace ?? '' })
  }

  async kubeconfig(ref: ClusterRef): Promise<ClusterKubeconfig> {
    await this.status(ref)
    return {
      kubeconfig: fakeKubeconfig(ref.name),
      server: 'https://10.0.0.1:30443',
      reachable: this.reachable,
    }
  }

  openApi(): never {
    throw new Error('the fake has no API')
  }

  forwardApi(ref: ClusterRef): ReturnType<Clusters['forwardApi']> {
    const close = (): Promise<void> => {
      this.closedForwards++
      return Promise.resolve()
    }
    return Promise.resolve({ port: 16443, kubeconfig: `${fakeKubeconfig(ref.name)}# forwarded\n`, close })
  }

  async openNode(ref: ClusterRef, node: string): Promise<NodeHandle> {
    const found = (await this.status(ref)).nodes.find(({ name }) => name === node)
    if (found === undefined) throw new KnestError('not-found', `cluster "${ref.name}" has no node "${node}"`)
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
      execText: () => Promise.reject(new Error('the fake only passes bytes on')),
      dial,
      terminal: (argv) => {
        this.executed.push({ node, argv, stdin: 'terminal' })
        return Promise.resolve(3)
      },
    }
  }

  async certificates(ref: ClusterRef): Promise<ClusterCertificates> {
    await this.status(ref)
    return this.certificateList
  }

  async planRenewal(ref: ClusterRef, { all }: RenewRequest): Promise<readonly PlannedStep[]> {
    await this.status(ref)
    return all ? [{ id: 'a', title: `Renew the certificates of "${ref.name}-cp-0"`, needs: [] }] : []
  }

  async renewCertificates(ref: ClusterRef, { all }: RenewRequest): Promise<RenewedCertificates> {
    await this.status(ref)
    this.changes.push(`renew ${ref.namespace}/${ref.name}`)
    return { ...this.certificateList, renewed: all ? this.certificateList.certificates : [] }
  }

  private check(): Promise<void> {
    return this.fault === undefined ? Promise.resolve() : Promise.reject(this.fault)
  }
}

function fakeKubeconfig(name: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: knest-${name}
  cluster:
    server: https://10.0.0.1:30443
contexts:
- name: knest-${name}
  context:
    cluster: knest-${name}
    user: knest-${name}-admin
current-context: knest-${name}
users:
- name: knest-${name}-admin
  user:
    client-key-data: a2V5
`
}

/** A Ready cluster with one control plane and one worker, made at the fake clock's midnight. */
export function fakeStatus(
  part: Partial<ClusterStatus> & { readonly spec?: ClusterSpec } = {},
): ClusterStatus {
  const { spec, ...fields } = part
  const name = fields.name ?? 'quickstart'
  return {
    name,
    namespace: `knest-${name}`,
    backend: 'pod',
    kubernetesVersion: '1.35.4',
    phase: 'Ready',
    controlPlane: { desired: spec?.controlPlane.count ?? 1, ready: 1 },
    workers: { desired: 1, ready: 1 },
    podNetworkCidr: spec?.network.podNetworkCidr ?? ['10.200.0.0/16'],
    serviceCidr: spec?.network.serviceCidr ?? ['10.201.0.0/16'],
    createdAt: '2026-01-01T00:00:00Z',
    nodes: [
      {
        name: `${name}-cp-0`,
        role: 'control-plane',
        ready: true,
        status: 'Ready',
        version: '1.35.4',
        ip: '10.244.0.7',
        disk: 'persistent',
        addressKept: true,
        reservation: { ip: '10.244.0.7', mac: '52:54:00:f4:00:07' },
        backend: 'pod',
        hostObject: `${name}-cp-0-0`,
        hostNode: 'host-1',
        reason: undefined,
      },
      {
        name: `${name}-worker-0`,
        role: 'worker',
        ready: false,
        status: 'NotReady',
        version: undefined,
        ip: undefined,
        disk: 'ephemeral',
        addressKept: false,
        reservation: undefined,
        backend: 'pod',
        hostObject: `${name}-worker-0-0`,
        hostNode: undefined,
        reason: 'Unschedulable: too little memory',
      },
    ],
    etcd: {
      members: [
        {
          id: '374ac64b941d1ee6',
          name: `${name}-cp-0`,
          healthy: true,
          leader: true,
          learner: false,
          dbSizeBytes: 1_552_384,
        },
      ],
      problem: undefined,
    },
    certificates: {
      earliest: {
        node: `${name}-cp-0`,
        name: 'apiserver',
        expires: '2027-01-01T00:00:00Z',
        daysLeft: 364,
      },
      endSoon: 0,
      renewBeforeDays: 30,
      unfinished: [],
      problems: [],
    },
    problems: [],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'AllNodesReady',
        message: '',
        lastTransitionTime: '2026-01-01T00:01:00Z',
      },
    ],
    ...fields,
  }
}
