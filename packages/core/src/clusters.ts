import { setTimeout as delay } from 'node:timers/promises'
import { anySignal } from './signals.js'
import { changedSpec, decidedLike, describeChange } from './operations/changed-spec.js'
import { openForwardServer } from './kube/index.js'
import { adminKubeconfig, serverName } from './nested-api/admin-kubeconfig.js'
import { dialAny } from './nested-api/open.js'
import { firstReachable } from './nested-api/reachable.js'
import { listCertificates, planRenewal, renewalSteps, type CertificateSources } from './certificates/index.js'
import type { ClusterPhase, ClusterRecord, ClusterRef, ClusterSpec } from './contracts/cluster.js'
import type { ClusterKubeconfig, Clusters, ScaleRequest } from './contracts/clusters.js'
import type { RunOptions } from './contracts/run-options.js'
import { converge } from './converge/converge.js'
import { stepContext } from './converge/step-context.js'
import { planFor } from './converge/plan-for.js'
import { tryNestedApi } from './nested-api/try-open.js'
import { slownessOf } from './observe/backends.js'
import { backendsOf } from './observe/backends.js'
import type { Parts } from './contracts/parts.js'
import { KnestError } from './errors.js'
import { defaultNamespace } from './names.js'
import { listNodes } from './observe/list-nodes.js'
import { nothing } from './plan/observed.js'
import { planCluster, planRemoval } from './plan/plan.js'
import { runSteps } from './plan/run-steps.js'
import { timed } from './plan/timed.js'
import { leaseProblems } from './addresses/node-addresses.js'
import { heal } from './health/heal.js'
import { dutyTo, reconcileRecord } from './operations/reconcile.js'
import { refuseErrors, runPreflight } from './operations/preflight.js'
import { specChanges } from './spec/changes.js'
import { checkScale, scaledSpec } from './spec/index.js'
import { clusterStatus, summarize } from './status/index.js'
import { renewCertificates } from './steps/renew-certificates.js'
import { runStep } from './steps/run-step.js'
import { upgradable, upgradeProblems } from './operations/upgraded-spec.js'
import { phaseOfChange, refuseFixedImages, upgradePace } from './operations/upgraded-spec.js'

/** The nested clusters of one home. Every call may be interrupted and made again. */
export function createClusters(parts: Parts): Clusters {
  const { home } = parts

  const mustRead = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord> => {
    const record = await home.read(ref, signal)
    if (record === undefined) throw notFound(ref.name)
    return record
  }

  /** Runs `work` as the only actor on the cluster, within the time the caller allows. */
  const alone = async <T>(
    record: ClusterRecord,
    asked: RunOptions,
    work: (run: RunOptions) => Promise<T>,
  ): Promise<T> => {
    const factor = asked.lenient === true ? await slownessOf(parts, record) : 1
    const run = { ...asked, timeoutMs: asked.timeoutMs * factor }
    const deadline = AbortSignal.timeout(run.timeoutMs)
    const busy = new AbortController()
    const bounded = { ...run, signal: anySignal(run.signal, deadline) }
    try {
      const onWait = (holder: string): void => {
        if (run.onlyIfFree === true) busy.abort(isBusy(record, holder))
        else run.progress.note(`waiting for ${holder} to finish with cluster "${record.name}"`)
      }
      const patience = anySignal(bounded.signal, busy.signal)
      const lock = await home.lock(record, patience, onWait, { makesWay: run.onlyIfFree === true })
      try {
        return await work({ ...bounded, signal: anySignal(bounded.signal, lock.signal) })
      } finally {
        await lock.release()
      }
    } catch (error) {
      if (deadline.aborted && !run.signal.aborted) throw timedOut(record, run, error)
      throw error
    }
  }

  const adminAccess = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterKubeconfig> => {
    const record = await mustRead(ref, signal)
    const authorities = await home.readAuthorities(ref, signal)
    if (authorities === undefined) throw notYet(ref)
    const urls = await home.apiUrls(record, signal)
    const target = { ca: authorities.ca.cert, serverName: serverName(record) }
    const reached = await firstReachable(
      urls.map((url) => ({ ...target, url })),
      signal,
    )
    const server = reached ?? urls[0] ?? `https://${serverName(record)}:6443`
    const kubeconfig = await adminKubeconfig({ record, home, authorities }, signal, server)
    return { kubeconfig, server, reachable: reached !== undefined }
  }

  const certificateSources = async (ref: ClusterRef, signal: AbortSignal): Promise<CertificateSources> => {
    const record = await mustRead(ref, signal)
    changeable(record)
    return { record, home, nodes: await listNodes(record, await backendsOf(parts, record), signal) }
  }

  /** Host proxies need a moment to follow the Service: a cluster that is handed over answers. */
  const settledAccess = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterKubeconfig> => {
    const deadline = Date.now() + 8_000
    const { spec } = await mustRead(ref, signal)
    for (;;) {
      const access = await adminAccess(ref, signal)
      const hopeless = spec.endpoint.serviceType === 'ClusterIP' || Date.now() > deadline
      if (access.reachable || hopeless) return access
      await delay(250, undefined, { signal })
    }
  }

  const removeAll = async (record: ClusterRecord, keepData: boolean, run: RunOptions): Promise<void> => {
    const nodes = await listNodes(record, await backendsOf(parts, record), run.signal)
    const context = stepContext(parts, record, nodes)
    await runSteps(
      planRemoval(record, nodes, keepData),
      (step, progress, signal, part) => runStep(context, step, progress, signal, part),
      run,
    )
  }

  const clusters: Clusters = {
    preflight: async (ref, spec, run) => (await runPreflight(parts, ref, spec, run)).problems,

    planCreate: async (ref, spec, run) => {
      const record = await home.read(ref, run.signal)
      if (record !== undefined) return (await planFor(parts, resumable(record, spec), run.signal)).steps
      const { problems, resolved } = await runPreflight(parts, ref, spec, run)
      refuseErrors(problems, run.progress)
      return planCluster(ref, resolved, nothing)
    },

    create: async (ref, spec, run) => {
      let access: ClusterKubeconfig | undefined
      let record = await home.read(ref, run.signal)
      if (record === undefined) {
        const title = 'Check the host'
        const { problems, resolved } = await timed(run.clock, { id: 'check', title, needs: [] }, () =>
          run.progress.phase(title, (progress) => runPreflight(parts, ref, spec, { ...run, progress })),
        )
        refuseErrors(problems, run.progress)
        record = await home.create(ref, resolved, run.signal)
      } else {
        resumable(record, spec)
      }
      await alone(record, run, async (inner) => {
        // Whoever held the lock before may have done the work.
        const current = resumable(await mustRead(ref, inner.signal), spec)
        if (current.phase === 'Kept')
          await home.setStatus(ref, { phase: 'Creating', conditions: [] }, inner.signal)
        await converge(parts, current, 'Creating', inner, async () => {
          access = await settledAccess(ref, inner.signal)
          await run.deliver?.(access)
        })
      })
      return access ?? adminAccess(ref, run.signal)
    },

    planApply: async (ref, spec, run) => {
      const record = await home.read(ref, run.signal)
      if (record === undefined || isUnmade(record)) {
        const steps = await clusters.planCreate(ref, spec, run)
        return { action: 'created', changes: [], steps }
      }
      changeable(record)
      const wanted = { ...record, spec: changedSpec(record, spec) }
      refuseFixedImages(record, wanted.spec, await backendsOf(parts, record))
      return describeChange(record, spec, (await planFor(parts, wanted, run.signal)).steps)
    },

    apply: async (ref, spec, run) => {
      const found = await home.read(ref, run.signal)
      if (found === undefined || isUnmade(found)) {
        await clusters.create(ref, spec, run)
        return 'created'
      }
      return alone(found, run, async (inner) => {
        const before = await mustRead(ref, inner.signal)
        changeable(before)
        const wanted = changedSpec(before, spec)
        refuseFixedImages(before, wanted, await backendsOf(parts, before))
        const { action } = describeChange(
          before,
          spec,
          (await planFor(parts, { ...before, spec: wanted }, inner.signal)).steps,
        )
        if (action === 'unchanged') return action
        refuseErrors(await leaseProblems(parts, ref, wanted, inner.signal), inner.progress)
        refuseErrors(await upgradeProblems(parts, before, wanted, inner.signal), inner.progress)
        const phase = phaseOfChange(before, wanted)
        const record = await home.update(before, wanted, inner.signal)
        await home.setStatus(ref, { phase, conditions: record.conditions }, inner.signal)
        await converge(parts, { ...record, phase }, phase, inner)
        return action
      })
    },

    planScale: async (ref, request, run) => {
      const record = await mustRead(ref, run.signal)
      return (await planFor(parts, { ...record, spec: scaled(record, request) }, run.signal)).steps
    },

    scale: async (ref, request: ScaleRequest, run) => {
      return alone(await mustRead(ref, run.signal), run, async (inner) => {
        const before = settled(await mustRead(ref, inner.signal))
        const wanted = scaled(before, request)
        refuseErrors(await leaseProblems(parts, ref, wanted, inner.signal), inner.progress)
        const phase = phaseOfChange(before, wanted)
        const record = await home.update(before, wanted, inner.signal)
        await home.setStatus(ref, { phase, conditions: record.conditions }, inner.signal)
        await converge(parts, { ...record, phase }, phase, inner)
        // All of it was Ready a moment ago: nobody asks every node once more.
        return summarize(parts, await mustRead(ref, inner.signal), inner.signal)
      })
    },

    planUpgrade: async (ref, request, run) => {
      const record = await upgradable(parts, settled(await mustRead(ref, run.signal)), request)
      return (await planFor(parts, record, run.signal, upgradePace(request))).steps
    },

    upgrade: async (ref, request, run) => {
      const pace = upgradePace(request)
      return alone(await mustRead(ref, run.signal), run, async (inner) => {
        const before = settled(await mustRead(ref, inner.signal))
        const { spec } = await upgradable(parts, before, request)
        refuseErrors(await upgradeProblems(parts, before, spec, inner.signal), inner.progress)
        const record = await home.update(before, spec, inner.signal)
        const phase = 'Upgrading'
        await home.setStatus(ref, { phase, conditions: record.conditions }, inner.signal)
        await converge(parts, { ...record, phase }, phase, { ...inner, pace })
        return summarize(parts, await mustRead(ref, inner.signal), inner.signal)
      })
    },

    planPause: async (ref, run) => {
      const record = pausable(await mustRead(ref, run.signal))
      return planRemoval(ref, await listNodes(record, await backendsOf(parts, record), run.signal), true)
    },

    pause: async (ref, run) => {
      await alone(pausable(await mustRead(ref, run.signal)), run, async (inner) => {
        const record = pausable(await mustRead(ref, inner.signal))
        await home.setStatus(ref, { phase: 'Paused', conditions: record.conditions }, inner.signal)
        await removeAll(record, true, inner)
      })
    },

    planResume: async (ref, run) =>
      (await planFor(parts, paused(await mustRead(ref, run.signal)), run.signal)).steps,

    resume: async (ref, run) => {
      return alone(paused(await mustRead(ref, run.signal)), run, async (inner) => {
        const record = paused(await mustRead(ref, inner.signal))
        await home.setStatus(ref, { phase: 'Resuming', conditions: [] }, inner.signal)
        await converge(parts, record, 'Resuming', inner, async () => {
          await settledAccess(ref, inner.signal)
        })
        return clusterStatus(parts, await mustRead(ref, inner.signal), inner.signal)
      })
    },

    heal: async (ref, run) => {
      return alone(await mustRead(ref, run.signal), run, async (inner) => {
        const record = settled(await mustRead(ref, inner.signal))
        return heal(parts, record, record.phase, { ...inner, thorough: true })
      })
    },

    reconcile: async (ref, run) => {
      const found = await home.read(ref, run.signal)
      const idle = { phase: found?.phase ?? 'Deleting', actions: [], nodes: [], nextAt: undefined }
      if (found === undefined || dutyTo(found) === 'none') return idle
      if (dutyTo(found) === 'delete') {
        await clusters.delete(ref, { ...run, keepData: false })
        return idle
      }
      return alone(found, run, async (inner) => {
        const record = await mustRead(ref, inner.signal)
        const duty = dutyTo(record)
        return duty === 'reconcile'
          ? reconcileRecord(parts, record, { ...inner, thorough: run.thorough })
          : idle
      })
    },

    planDelete: async (ref, run) => {
      const record = await mustRead(ref, run.signal)
      return planRemoval(
        ref,
        await listNodes(record, await backendsOf(parts, record), run.signal),
        run.keepData,
      )
    },

    delete: async (ref, { keepData, ...run }) => {
      const found = await home.read(ref, run.signal)
      if (found === undefined) {
        // A killed delete may have left the place the record was in.
        await home.remove(ref, { keepData: false, signal: run.signal })
        throw notFound(ref.name)
      }
      if (keepData && !found.spec.persistence.enabled) throw nothingToKeep(ref)
      await alone(found, run, async (inner) => {
        const record = await mustRead(ref, inner.signal)
        const say = (phase: ClusterPhase): Promise<void> =>
          home.setStatus(ref, { phase, conditions: record.conditions }, inner.signal)
        await say('Deleting')
        await removeAll(record, keepData, inner)
        if (keepData) await say('Kept')
      })
    },

    list: async (namespace, signal) => {
      const records = await home.list(namespace, signal)
      return Promise.all(records.map((record) => summarize(parts, record, signal)))
    },

    status: async (ref, signal) => clusterStatus(parts, await mustRead(ref, signal), signal),

    find: async (name, namespace, signal) => {
      const ref = { name, namespace: namespace ?? defaultNamespace(name) }
      if ((await home.read(ref, signal)) !== undefined) return ref
      const others =
        namespace === undefined
          ? (await home.list(undefined, signal)).filter((record) => record.name === name)
          : []
      if (others.length > 1) {
        const names = others.map((record) => `"${record.namespace}"`).join(', ')
        throw new KnestError('usage', `there are ${others.length} clusters named "${name}"`, {
          hint: `choose one with -n: ${names}`,
        })
      }
      if (others[0] === undefined) throw notFound(name, namespace)
      return { name, namespace: others[0].namespace }
    },

    kubeconfig: adminAccess,

    openApi: async (ref, signal) => {
      const record = await mustRead(ref, signal)
      const nodes = await listNodes(record, await backendsOf(parts, record), signal)
      const api = await tryNestedApi(parts, record, nodes, signal)
      if (api === undefined) throw noControlPlane(ref)
      return api
    },

    forwardApi: async (ref, port, signal) => {
      const record = await mustRead(ref, signal)
      const nodes = await listNodes(record, await backendsOf(parts, record), signal)
      const running = nodes.filter(({ role, phase }) => role === 'control-plane' && phase === 'running')
      const authorities = await home.readAuthorities(ref, signal)
      if (running.length === 0 || authorities === undefined) throw noControlPlane(ref)
      const handles = await Promise.all(
        running.map(({ backend, name }) => backend.openNode(ref, name, signal)),
      )
      const server = await openForwardServer({ dial: dialAny(handles), port })
      const kubeconfig = await adminKubeconfig(
        { record, home, authorities },
        signal,
        `https://127.0.0.1:${server.port}`,
      )
      return { port: server.port, kubeconfig, close: () => server.close() }
    },

    openNode: async (ref, node, signal) => {
      const record = await mustRead(ref, signal)
      const nodes = await listNodes(record, await backendsOf(parts, record), signal)
      const found = nodes.find(({ name }) => name === node)
      if (found === undefined) {
        const names = nodes.map(({ name }) => name).join(', ')
        throw new KnestError('not-found', `cluster "${ref.name}" has no node "${node}"`, {
          hint: `its nodes are ${names}`,
        })
      }
      return found.backend.openNode(ref, node, signal)
    },

    certificates: async (ref, signal) =>
      listCertificates(await certificateSources(ref, signal), new Date(), signal),

    planRenewal: async (ref, { all }, { signal }) => {
      const now = new Date()
      const found = await listCertificates(await certificateSources(ref, signal), now, signal)
      return renewalSteps(planRenewal(found, now, { all }))
    },

    renewCertificates: async (ref, request, run) => {
      return alone(await mustRead(ref, run.signal), run, async (inner) =>
        renewCertificates(await certificateSources(ref, inner.signal), request, inner),
      )
    },
  }
  return clusters
}

function scaled({ spec }: ClusterRecord, request: ScaleRequest): ClusterSpec {
  return scaledSpec(spec, checkScale(request, spec, { force: request.force ?? false }))
}

/** Its creation has not come to its end, or only its data are kept. */
function isUnmade({ phase }: ClusterRecord): boolean {
  return phase === 'Creating' || phase === 'Kept'
}

/** Throws where nodes cannot come, go or change now. */
function changeable({ name, phase }: ClusterRecord): void {
  if (phase === 'Deleting') throw beingDeleted(name)
  if (phase === 'Paused' || phase === 'Resuming') {
    throw new KnestError('conflict', `cluster "${name}" is paused`, {
      hint: `start it first: knest resume ${name}`,
    })
  }
}

/** A cluster that is all there and may be changed now. */
function settled(record: ClusterRecord): ClusterRecord {
  if (isUnmade(record)) throw notYet(record)
  changeable(record)
  return record
}

function pausable(record: ClusterRecord): ClusterRecord {
  if (isUnmade(record)) throw notYet(record)
  if (record.phase === 'Upgrading') throw beingUpgraded(record)
  if (record.phase === 'Deleting') throw beingDeleted(record.name)
  if (record.spec.persistence.enabled) return record
  throw new KnestError('config', `cluster "${record.name}" is not persistent: its disks go with its nodes`, {
    hint: 'only a cluster created with --persistent can be paused',
  })
}

function paused(record: ClusterRecord): ClusterRecord {
  if (record.phase === 'Paused' || record.phase === 'Resuming') return record
  throw new KnestError('conflict', `cluster "${record.name}" is not paused: it is ${record.phase}`, {
    hint: `see: knest status ${record.name}`,
  })
}

/** A record whose creation can go on with this wish. */
function resumable(record: ClusterRecord, spec: ClusterSpec): ClusterRecord {
  if (isUnmade(record)) {
    if (specChanges(record.spec, decidedLike(record.spec, spec)).changes.length === 0) return record
    const state = record.phase === 'Kept' ? 'kept its data' : 'is half created'
    throw new KnestError('already-exists', `cluster "${record.name}" ${state}, with other settings`, {
      hint: `run create with the settings it was begun with, or remove it: knest delete ${record.name}`,
    })
  }
  changeable(record)
  throw new KnestError(
    'already-exists',
    `cluster "${record.name}" exists in namespace "${record.namespace}"`,
    {
      hint: `change it with knest scale, or remove it: knest delete ${record.name}`,
    },
  )
}

function isBusy({ name }: ClusterRef, holder: string): KnestError {
  return new KnestError('conflict', `${holder} works on cluster "${name}"`, {
    hint: 'try again when it has finished',
  })
}

function notFound(name: string, namespace?: string): KnestError {
  const where = namespace === undefined ? '' : ` in namespace "${namespace}"`
  return new KnestError('not-found', `there is no cluster "${name}"${where}`, { hint: 'see: knest list' })
}

function nothingToKeep({ name }: ClusterRef): KnestError {
  return new KnestError('config', `cluster "${name}" is not persistent: its disks go with its nodes`, {
    hint: 'leave --keep-data out, or create the cluster with --persistent',
  })
}

function beingDeleted(name: string): KnestError {
  return new KnestError('conflict', `cluster "${name}" is being deleted`, {
    hint: `finish it first: knest delete ${name}`,
  })
}

function beingUpgraded({ name, spec }: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${name}" is half-way to Kubernetes ${spec.kubernetesVersion}`, {
    hint: `finish it first: knest upgrade ${name} --kubernetes-version ${spec.kubernetesVersion}`,
  })
}

function notYet({ name }: ClusterRef): KnestError {
  return new KnestError('prerequisite', `cluster "${name}" is not completely created yet`, {
    hint: 'run the same knest create command again to finish it',
  })
}

function noControlPlane({ name }: ClusterRef): KnestError {
  return new KnestError('prerequisite', `no control plane of cluster "${name}" answers`, {
    hint: `see: knest status ${name}`,
  })
}

function timedOut({ name }: ClusterRef, run: RunOptions, cause: unknown): KnestError {
  const seen = cause instanceof KnestError ? `; last seen: ${cause.message}` : ''
  return new KnestError(
    'timeout',
    `the operation on cluster "${name}" took longer than ${Math.round(run.timeoutMs / 1000)} s${seen}`,
    {
      hint: 'run the same command again to go on, with a longer --timeout if the machine is slow',
      cause,
    },
  )
}
