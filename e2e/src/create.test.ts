import { readFileSync, statSync } from 'node:fs'
import { parseBytes } from 'knest/spec'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webPod } from '@knest/testing/web-pod'
import { createCluster, isReady, never } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { isVm, nodesAre } from './support/nodes.js'
import { plainStatus } from './support/plain-client.js'
import { runPods, shell } from './support/workload.js'

const kubeletSettings = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops']

function machineSettings(): readonly string[] {
  return kubeletSettings.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8').trim())
}

describe('knest create with the flags of the README', () => {
  let cluster: TestCluster
  let before: string
  let machineBefore: readonly string[]

  beforeAll(async () => {
    machineBefore = machineSettings()
    cluster = await createCluster(
      'e2e-create',
      ...['--control-plane-machine-count', '1', '--worker-machine-count', '2'],
      ...['--pod-network-cidr', '10.210.0.0/16', '--service-cidr', '10.211.0.0/16'],
      ...['--worker-machine-cpu-cores', '1', '--worker-machine-memory-size', '2Gi'],
    )
    before =
      (parse(readFileSync(cluster.home.kubeconfig, 'utf8')) as { 'current-context'?: string })[
        'current-context'
      ] ?? ''
  })
  afterAll(() => cluster.remove())

  it('gives Ready nodes of the names and roles that were asked for', async () => {
    const nodes = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    expect(nodes.map(({ metadata }) => metadata.name).sort()).toEqual([
      'e2e-create-cp-0',
      'e2e-create-worker-0',
      'e2e-create-worker-1',
    ])
    expect(nodes.every(isReady)).toBe(true)
  })

  it('offers what the flags gave as the capacity of a worker, not the host', async () => {
    const node = await cluster.api.get(
      { apiVersion: 'v1', kind: 'Node' },
      'e2e-create-worker-0',
      undefined,
      never,
    )
    const { allocatable } = node?.status as { allocatable: { cpu: string; memory: string } }
    expect(allocatable.cpu).toBe('1')
    const gibibytes = parseBytes(allocatable.memory) / 1024 ** 3
    expect(gibibytes).toBeGreaterThan(1.8)
    expect(gibibytes).toBeLessThanOrEqual(2)
  })

  it('takes pod and service addresses from the ranges that were asked for', async () => {
    const [pod] = await runPods(cluster.api, [webPod('cidr', 'e2e-create-worker-0')])
    expect((pod?.status as { podIP: string }).podIP).toMatch(/^10\.210\./)
    const service = await cluster.api.get(
      { apiVersion: 'v1', kind: 'Service' },
      'kubernetes',
      'default',
      never,
    )
    expect((service?.spec as { clusterIP: string }).clusterIP).toBe('10.211.0.1')
  })

  it('has DNS that answers for Services', async () => {
    await runPods(cluster.api, [webPod('dns', 'e2e-create-worker-1')])
    expect(await shell(cluster.api, 'dns', 'nslookup kubernetes.default.svc.cluster.local')).toContain(
      '10.211.0.1',
    )
  })

  it('runs pods that ask for what only a runtime of today has', async () => {
    const name = 'runtime'
    const pod = webPod(name, 'e2e-create-worker-1')
    const spec = pod.spec as { containers: readonly [Record<string, unknown>] }
    const volumeMounts = [
      { name: 'read', mountPath: '/read', readOnly: true, recursiveReadOnly: 'Enabled' },
      { name: 'www', mountPath: '/www' },
    ]
    await runPods(cluster.api, [
      {
        ...pod,
        spec: {
          ...spec,
          securityContext: {
            ...{ runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 },
            ...{ supplementalGroups: [4000], supplementalGroupsPolicy: 'Strict' },
          },
          containers: [{ ...spec.containers[0], volumeMounts }],
          volumes: [
            { name: 'read', hostPath: { path: '/run' } },
            { name: 'www', emptyDir: {} },
          ],
        },
      },
    ])
    expect((await shell(cluster.api, name, 'id -G')).split(' ').sort()).toEqual(['2000', '3000', '4000'])
    const mounts = (await shell(cluster.api, name, "grep ' /read' /proc/self/mountinfo")).split('\n')
    expect(mounts.length, 'mounts below it, too').toBeGreaterThan(1)
    for (const mount of mounts) expect(mount).toMatch(/ \/read\S* ro\b/)
  })

  it('writes a kubeconfig only its owner can read, and a context beside the current one', () => {
    expect(statSync(cluster.kubeconfigPath).mode & 0o777).toBe(0o600)
    const config = parse(readFileSync(cluster.home.kubeconfig, 'utf8')) as {
      contexts: readonly { name: string }[]
      'current-context'?: string
    }
    expect(config.contexts.map(({ name }) => name)).toContain('knest-e2e-create')
    expect(config['current-context'] ?? '').toBe(before)
  })

  it('answers a client that knows server, authority and client certificate only', async () => {
    const kubeconfig = readFileSync(cluster.kubeconfigPath, 'utf8')
    expect(kubeconfig).not.toContain('tls-server-name')
    expect(await plainStatus(kubeconfig)).toBe(200)
  })

  it('leaves the settings of the machine that kubelet would change as they were', async () => {
    expect(machineSettings()).toEqual(machineBefore)
    const script = `cd /proc/sys && cat ${kubeletSettings.join(' ')}`
    const inNode = await cluster.knest('ssh', 'e2e-create', 'worker-0', '--', 'sh', '-c', script)
    expect(inNode.trim().split('\n')).toEqual(['1', '0', '10', '1'])
    if (isVm('e2e-create-worker-0')) return
    // They may be the same values by chance: those of the node are files of its own.
    const mounts = await cluster.knest('ssh', 'e2e-create', 'worker-0', '--', 'cat', '/proc/self/mountinfo')
    for (const name of kubeletSettings) expect(mounts).toContain(` /proc/sys/${name} `)
  })

  it('lets what runs the node wake up late and in groups, and pods when they want', async () => {
    const daemons = ['etcd', 'kube-apiserver', 'kube-controller', 'kube-scheduler', 'kube-proxy', 'kubelet']
    const slackOf = async (name: string): Promise<string> => {
      const script = `for t in /proc/$(pgrep -o -x ${name})/task/*; do cat /proc/\${t##*/}/timerslack_ns; done | sort -u`
      const slack = await cluster.knest('ssh', 'e2e-create', 'cp-0', '--', 'sh', '-c', script)
      return `${name} ${slack.trim()}`
    }
    expect(await Promise.all(daemons.map(slackOf))).toEqual(daemons.map((name) => `${name} 20000000`))
    expect(await slackOf('pause')).toBe('pause 50000')
  })

  it('is listed and described', async () => {
    const list = JSON.parse(await cluster.knest('list', '-o', 'json')) as {
      items: readonly Record<string, unknown>[]
    }
    expect(list.items.find(({ name }) => name === 'e2e-create')).toMatchObject({
      namespace: 'knest-e2e-create',
      backend: nodesAre === 'mixed' ? 'pod+vm' : nodesAre,
      kubernetesVersion: '1.35.4',
      phase: 'Ready',
      controlPlane: { desired: 1, ready: 1 },
      workers: { desired: 2, ready: 2 },
      podNetworkCidr: ['10.210.0.0/16'],
      serviceCidr: ['10.211.0.0/16'],
      age: expect.stringMatching(/^\d+[smhd]/) as string,
    })
    const status = JSON.parse(await cluster.knest('status', 'e2e-create', '-o', 'json')) as {
      nodes: readonly Record<string, unknown>[]
    }
    expect(status.nodes).toHaveLength(3)
    expect(status.nodes[0]).toMatchObject({
      name: 'e2e-create-cp-0',
      role: 'control-plane',
      ready: true,
      ...(isVm('e2e-create-cp-0') ? { hostVm: 'e2e-create-cp-0' } : { hostPod: 'e2e-create-cp-0-0' }),
    })
  })

  it('refuses to create what is there', async () => {
    await expect(cluster.knest('create', 'e2e-create')).rejects.toThrow(/exists/)
  })
})
