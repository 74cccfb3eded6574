import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentProgress } from '@knest/core'
import type { ClusterKubeconfig, ClusterRef, Clusters, ClusterSpec, Progress } from '@knest/core'

export interface ClustersSubject {
  readonly clusters: Clusters
  /** A cluster name and namespace that are free, and where no other cluster has that name. */
  readonly ref: ClusterRef
  /** One control plane, one pool without workers; not persistent. Resolved, as a record holds it. */
  readonly spec: ClusterSpec
  cleanUp(): Promise<void>
}

/**
 * What all Clusters promise to who uses them. The tests are one story of one cluster and run in order; a real
 * one is created and deleted once. The setup may take minutes.
 */
export function describeClusters(title: string, setUp: () => Promise<ClustersSubject>): void {
  describe(`${title} as Clusters`, () => {
    let clusters: Clusters
    let ref: ClusterRef
    let spec: ClusterSpec
    let cleanUp: () => Promise<void> = () => Promise.resolve()
    const { signal } = new AbortController()
    const run = { signal, progress: silentProgress, timeoutMs: 300_000 }
    const minutes = 400_000

    beforeAll(async () => {
      const subject = await setUp()
      ;({ clusters, ref, spec } = subject)
      cleanUp = () => subject.cleanUp()
    }, minutes)
    afterAll(() => cleanUp(), minutes)

    const phases = async (): Promise<readonly string[]> =>
      (await clusters.list(ref.namespace, signal)).map(({ name, phase }) => `${name} ${phase}`)
    const withWorkers = (count: number): ClusterSpec => ({
      ...spec,
      workers: spec.workers.map((pool) => ({ ...pool, count })),
    })
    const otherNetwork = (): ClusterSpec => ({
      ...spec,
      network: { ...spec.network, dnsDomain: 'other.local' },
    })
    const node = (): string => `${ref.name}-cp-0`

    /** Every call on a cluster that has to be there. */
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      status: () => clusters.status(ref, signal),
      kubeconfig: () => clusters.kubeconfig(ref, signal),
      openApi: () => clusters.openApi(ref, signal),
      forwardApi: () => clusters.forwardApi(ref, 0, signal),
      openNode: () => clusters.openNode(ref, node(), signal),
      openPort: () => clusters.openPort(ref, { kind: 'Service', name: 'kubernetes' }, run),
      certificates: () => clusters.certificates(ref, signal),
      planRenewal: () => clusters.planRenewal(ref, { all: true }, run),
      renewCertificates: () => clusters.renewCertificates(ref, { all: true }, run),
      load: () => clusters.load(ref, { archives: [] }, run),
      images: () => clusters.images(ref, signal),
      removeImages: () => clusters.removeImages(ref, ['app:dev'], run),
      planScale: () => clusters.planScale(ref, { controlPlane: 3 }, run),
      scale: () => clusters.scale(ref, { controlPlane: 3 }, run),
      planUpgrade: () => clusters.planUpgrade(ref, { kubernetesVersion: '1.36.0' }, run),
      upgrade: () => clusters.upgrade(ref, { kubernetesVersion: '1.36.0' }, run),
      planPause: () => clusters.planPause(ref, run),
      pause: () => clusters.pause(ref, run),
      planResume: () => clusters.planResume(ref, run),
      resume: () => clusters.resume(ref, run),
      heal: () => clusters.heal(ref, run),
      planDelete: () => clusters.planDelete(ref, { ...run, keepData: false }),
      delete: () => clusters.delete(ref, { ...run, keepData: false }),
    }
    const saysNotFound = async (): Promise<void> => {
      for (const [name, call] of Object.entries(calls))
        await expect(call(), name).rejects.toMatchObject({
          code: 'not-found',
          message: `there is no cluster "${ref.name}"`,
          hint: 'see: `knest list`',
        })
    }

    describe('before there is one', () => {
      it('says not-found to every call that needs it', saysNotFound, 60_000)

      it('finds none of that name, and says where it was looked for', async () => {
        const { name, namespace } = ref
        const message = `there is no cluster "${name}"`
        const nowhere = clusters.find(name, undefined, signal)
        await expect(nowhere).rejects.toMatchObject({ code: 'not-found', message })
        const notThere = clusters.find(name, namespace, signal)
        await expect(notThere).rejects.toMatchObject({
          code: 'not-found',
          message: `${message} in namespace "${namespace}"`,
        })
      })

      it('has nothing to reconcile', async () => {
        expect(await clusters.reconcile(ref, run)).toMatchObject({ actions: [] })
      })

      it('plans and checks without making anything', async () => {
        const steps = await clusters.planCreate(ref, spec, run)
        expect(steps.map(({ title }) => title)).toContain(`Create node "${node()}"`)
        const change = await clusters.planApply(ref, spec, run)
        expect(change).toMatchObject({ action: 'created', changes: [] })
        expect(change.steps.length).toBeGreaterThan(0)
        const problems = await clusters.preflight(ref, spec, run)
        expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
        expect(await phases()).toEqual([])
      }, 60_000)
    })

    describe('a create that is interrupted', () => {
      it(
        'ends as cancelled, and leaves what can be gone on with',
        async () => {
          const stop = new AbortController()
          const stopping: Progress = {
            ...silentProgress,
            phase: (name, work) => {
              if (name.startsWith('Create node')) stop.abort()
              return work(stopping)
            },
          }
          const create = clusters.create(ref, spec, { ...run, progress: stopping, signal: stop.signal })
          await expect(create).rejects.toMatchObject({ code: 'cancelled' })
          expect(await phases()).toEqual([`${ref.name} Creating`])
          expect(await clusters.find(ref.name, undefined, signal)).toEqual(ref)
        },
        minutes,
      )

      it('is nothing to scale, upgrade, pause or resume', async () => {
        for (const name of ['planScale', 'scale', 'planUpgrade', 'upgrade', 'planPause', 'pause', 'heal'])
          await expect(calls[name]?.(), name).rejects.toMatchObject({
            code: 'prerequisite',
            message: `cluster "${ref.name}" is not completely created yet`,
          })
        for (const name of ['planResume', 'resume'])
          await expect(calls[name]?.(), name).rejects.toMatchObject({
            code: 'conflict',
            message: `cluster "${ref.name}" is not paused: it is Creating`,
          })
      }, 60_000)

      it('is not gone on with under other settings', async () => {
        const refusal = {
          code: 'already-exists',
          message: `cluster "${ref.name}" is half created, with other settings`,
        }
        await expect(clusters.planCreate(ref, otherNetwork(), run)).rejects.toMatchObject(refusal)
        await expect(clusters.create(ref, otherNetwork(), run)).rejects.toMatchObject(refusal)
      }, 60_000)
    })

    describe('a cluster', () => {
      let access: ClusterKubeconfig

      it(
        'is handed over before it counts as created, and is Ready then',
        async () => {
          const delivered: ClusterKubeconfig[] = []
          let meanwhile: readonly string[] = []
          access = await clusters.create(ref, spec, {
            ...run,
            deliver: async (given) => {
              delivered.push(given)
              meanwhile = await phases()
            },
          })
          expect(delivered).toEqual([access])
          expect(meanwhile).toEqual([`${ref.name} Creating`])
          expect(await phases()).toEqual([`${ref.name} Ready`])
          expect(access.kubeconfig).toContain(`current-context: knest-${ref.name}`)
        },
        minutes,
      )

      it('is listed in its namespace and among all, and in no other namespace', async () => {
        const [item] = await clusters.list(ref.namespace, signal)
        expect(item).toMatchObject({
          ...ref,
          backend: 'pod',
          kubernetesVersion: spec.kubernetesVersion,
          controlPlane: { desired: 1, ready: 1 },
          workers: { desired: 0, ready: 0 },
          podNetworkCidr: spec.network.podNetworkCidr,
          serviceCidr: spec.network.serviceCidr,
        })
        expect((await clusters.list(undefined, signal)).map(({ name }) => name)).toContain(ref.name)
        expect(await clusters.list('knest-nowhere', signal)).toEqual([])
      })

      it('is found by its name alone, and not in another namespace', async () => {
        expect(await clusters.find(ref.name, undefined, signal)).toEqual(ref)
        expect(await clusters.find(ref.name, ref.namespace, signal)).toEqual(ref)
        const elsewhere = clusters.find(ref.name, 'knest-nowhere', signal)
        await expect(elsewhere).rejects.toMatchObject({ code: 'not-found' })
        const sameName = clusters.status({ ...ref, namespace: 'knest-nowhere' }, signal)
        await expect(sameName).rejects.toMatchObject({ code: 'not-found' })
      })

      it('tells of its nodes and of etcd', async () => {
        const status = await clusters.status(ref, signal)
        expect(status.nodes).toMatchObject([
          {
            name: node(),
            role: 'control-plane',
            ready: true,
            status: 'Ready',
            version: spec.kubernetesVersion,
          },
        ])
        expect(status.etcd.members).toMatchObject([{ name: node(), healthy: true }])
        expect(status.phase).toBe('Ready')
      }, 60_000)

      it('gives its kubeconfig again', async () => {
        const again = await clusters.kubeconfig(ref, signal)
        expect(again.kubeconfig).toContain(`current-context: knest-${ref.name}`)
        expect(again.server).toBe(access.server)
      })

      it('is not created a second time', async () => {
        const refusal = {
          code: 'already-exists',
          message: `cluster "${ref.name}" exists in namespace "${ref.namespace}"`,
        }
        await expect(clusters.create(ref, spec, run)).rejects.toMatchObject(refusal)
        await expect(clusters.planCreate(ref, otherNetwork(), run)).rejects.toMatchObject(refusal)
      })

      it('is as applied when the same is applied again', async () => {
        expect(await clusters.planApply(ref, spec, run)).toEqual({
          action: 'unchanged',
          changes: [],
          steps: [],
        })
        expect(await clusters.apply(ref, spec, run)).toBe('unchanged')
      }, 60_000)

      it('refuses to become what it cannot', async () => {
        for (const attempt of [
          () => clusters.planApply(ref, otherNetwork(), run),
          () => clusters.apply(ref, otherNetwork(), run),
          () => clusters.planScale(ref, { controlPlane: 2 }, run),
          () => clusters.scale(ref, { controlPlane: 2 }, run),
          () => clusters.planScale(ref, { pools: { gpu: 1, tpu: 1 } }, run),
          () => clusters.planUpgrade(ref, { kubernetesVersion: '1.2.3' }, run),
          () => clusters.upgrade(ref, { kubernetesVersion: '1.2.3' }, run),
          () => clusters.planPause(ref, run),
          () => clusters.pause(ref, run),
          () => clusters.planDelete(ref, { ...run, keepData: true }),
          () => clusters.delete(ref, { ...run, keepData: true }),
        ])
          await expect(attempt(), attempt.toString()).rejects.toMatchObject({ code: 'config' })
        for (const name of ['planResume', 'resume'])
          await expect(calls[name]?.(), name).rejects.toMatchObject({
            code: 'conflict',
            message: `cluster "${ref.name}" is not paused: it is Ready`,
          })
        await expect(clusters.planPause(ref, run)).rejects.toMatchObject({
          message: `cluster "${ref.name}" is not persistent: its disks go with its nodes`,
        })
        expect(await phases()).toEqual([`${ref.name} Ready`])
      }, 60_000)

      it('is not changed by a plan', async () => {
        const scale = await clusters.planScale(ref, { controlPlane: 3 }, run)
        expect(scale.map(({ title }) => title)).toContain(`Create node "${ref.name}-cp-1"`)
        const change = await clusters.planApply(ref, withWorkers(1), run)
        const [pool] = spec.workers
        expect(change).toMatchObject({
          action: 'configured',
          changes: [{ path: `workers.${pool?.name ?? ''}.count`, from: '0', to: '1' }],
        })
        expect(change.steps.map(({ title }) => title)).toContain(
          `Create node "${ref.name}-${pool?.name ?? ''}-0"`,
        )
        const removal = await clusters.planDelete(ref, { ...run, keepData: false })
        expect(removal.length).toBeGreaterThan(0)
        expect(await clusters.planRenewal(ref, { all: false }, run)).toEqual([])
        expect((await clusters.planRenewal(ref, { all: true }, run)).length).toBeGreaterThan(0)
        expect(await phases()).toEqual([`${ref.name} Ready`])
        expect(await clusters.planApply(ref, spec, run)).toMatchObject({ action: 'unchanged' })
      }, 60_000)

      it('has nothing to heal', async () => {
        expect(await clusters.heal(ref, run)).toMatchObject({ phase: 'Ready', actions: [] })
      }, 60_000)

      it('opens a node of its own, and names its nodes when asked for another', async () => {
        const handle = await clusters.openNode(ref, node(), signal)
        expect(handle).toMatchObject({ name: node(), role: 'control-plane' })
        expect(await handle.execText(['true'], { timeoutMs: 30_000, signal })).toMatchObject({ exitCode: 0 })
        await expect(clusters.openNode(ref, 'unknown', signal)).rejects.toMatchObject({
          code: 'not-found',
          message: `cluster "${ref.name}" has no node "unknown"`,
          hint: `its nodes are ${node()}`,
        })
      })

      it('opens its API', async () => {
        const api = await clusters.openApi(ref, signal)
        try {
          expect((await api.raw('/readyz', signal)).status).toBe(200)
          const found = await api.get({ apiVersion: 'v1', kind: 'Node' }, node(), undefined, signal)
          expect(found?.metadata.name).toBe(node())
        } finally {
          api.close()
        }
      })

      it('forwards a port to its API', async () => {
        const forward = await clusters.forwardApi(ref, 0, signal)
        try {
          expect(forward.port).toBeGreaterThan(0)
          expect(forward.kubeconfig).toContain(`https://127.0.0.1:${forward.port}`)
        } finally {
          await forward.close()
        }
      })

      it(
        'is gone when it was deleted',
        async () => {
          await clusters.delete(ref, { ...run, keepData: false })
          expect(await phases()).toEqual([])
          await saysNotFound()
          const found = clusters.find(ref.name, undefined, signal)
          await expect(found).rejects.toMatchObject({ code: 'not-found' })
        },
        minutes,
      )
    })
  })
}
