import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from 'knest'
import { createCluster, openHost, never } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { hostContext } from './support/home.js'
import { openImageFolder, type ImageFolder } from './support/image-archive.js'
import { runKnest } from './support/knest.js'
import { runPods } from './support/workload.js'

const name = 'e2e-load'
const app = 'docker.io/library/stay:1'

describe('knest load', () => {
  let cluster: TestCluster
  let folder: ImageFolder

  beforeAll(async () => {
    folder = openImageFolder()
    cluster = await createCluster(name)
  })
  afterAll(async () => {
    await cluster.remove()
    folder.remove()
  })

  /** Runs only where the image is: nobody may pull it. */
  const pod = (podName: string, node: string, image = 'stay:1'): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: podName, namespace: 'default' },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'stay', image, imagePullPolicy: 'Never' }],
    },
  })
  const load = (...args: readonly string[]): ReturnType<typeof runKnest> =>
    runKnest(cluster.home, ['load', name, ...args, '--context', hostContext])
  const images = async (): Promise<readonly { name: string; present: readonly string[] }[]> =>
    (JSON.parse(await cluster.knest('images', name, '-o', 'json')) as { items: never[] }).items

  it('puts an archive into all nodes, and pods run of it that nobody may pull for', async () => {
    const archive = folder.write('stay.tar', app, 'first')
    expect(await cluster.knest('load', name, archive)).toBe(
      `image "stay:1": loaded into ${name}-cp-0, ${name}-worker-0\n`,
    )
    await runPods(cluster.api, [pod('on-cp', `${name}-cp-0`), pod('on-worker', `${name}-worker-0`)])
    expect(await images()).toMatchObject([
      {
        name: app,
        wanted: [`${name}-cp-0`, `${name}-worker-0`],
        present: [`${name}-cp-0`, `${name}-worker-0`],
      },
    ])
  })

  const inNode = (node: string, script: string): Promise<string> =>
    cluster.knest('ssh', name, node, '--', 'bash', '-c', script)
  const links =
    'cd /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots && readlink */fs | sort'

  it('has it unpacked once for the nodes of a machine, also after containerd was started again', async () => {
    const [ofControlPlane, ofWorker] = await Promise.all(
      ['cp-0', 'worker-0'].map((node) => inNode(node, links)),
    )
    expect(ofControlPlane).toMatch(/^\/knest\/images\/\S+\/layers\/[0-9a-f]+\/fs\n/)
    expect(ofWorker).toBe(ofControlPlane)
    await inNode('worker-0', 'systemctl restart containerd')
    await runPods(cluster.api, [pod('after-restart', `${name}-worker-0`)])
  })

  it('takes one that is compressed, and an image of podman', async () => {
    const archive = folder.write('tool.tar', 'docker.io/library/tool:1', 'tool')
    writeFileSync(`${archive}.gz`, gzipSync(readFileSync(archive)))
    expect((await load(`${archive}.gz`)).stdout).toContain('image "tool:1": loaded into')
    const saved = folder.write('podman.tar', 'localhost/knest-e2e-load:1', 'podman')
    execFileSync('podman', ['--cgroup-manager=cgroupfs', 'load', '-i', saved])
    try {
      const first = await load('knest-e2e-load:1', '--engine', 'podman')
      expect(first.stdout).toBe(
        `image "localhost/knest-e2e-load:1": loaded into ${name}-cp-0, ${name}-worker-0\n`,
      )
      expect(first.stderr).toContain('so must pods')
      const again = await load('knest-e2e-load:1', '--engine', 'podman')
      expect(again.stdout).toBe(`image "localhost/knest-e2e-load:1": ${name}-cp-0, ${name}-worker-0 had it\n`)
    } finally {
      execFileSync('podman', ['--cgroup-manager=cgroupfs', 'rmi', 'localhost/knest-e2e-load:1'])
    }
    await runPods(cluster.api, [
      pod('gz', `${name}-worker-0`, 'tool:1'),
      pod('podman', `${name}-worker-0`, 'localhost/knest-e2e-load:1'),
    ])
  })

  it.each([
    [
      'cut off',
      (file: string): void => truncateSync(file, Math.floor(statSync(file).size / 2)),
      'damaged or cut off',
    ],
    ['no archive', (file: string): void => writeFileSync(file, 'hello'), 'damaged or cut off'],
  ])('says so of an archive that is %s, and remembers nothing', async (_title, damage, message) => {
    const archive = folder.write('damaged.tar', 'docker.io/library/damaged:1', 'damaged')
    damage(archive)
    const before = await images()
    const outcome = await load(archive)
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toContain(message)
    expect(await images()).toEqual(before)
  })

  it('refuses an image without a name', async () => {
    const outcome = await load(folder.write('nameless.tar', undefined, 'nameless'))
    expect(outcome.stderr).toContain('holds no image with a name')
    expect(outcome.code, outcome.stderr).toBe(2)
  })

  it('gives a worker that comes later what was loaded, before pods come to it', async () => {
    await cluster.knest('scale', name, ':2')
    await runPods(cluster.api, [pod('on-new', `${name}-worker-1`)])
  })

  it('gives it to a node whose pod was replaced, too', async () => {
    const host = await openHost(cluster.home)
    const found = await host.get(
      { apiVersion: 'v1', kind: 'Pod' },
      `${name}-worker-1-0`,
      cluster.namespace,
      never,
    )
    await host.delete({ apiVersion: 'v1', kind: 'Pod' }, `${name}-worker-1-0`, cluster.namespace, {
      signal: never,
    })
    await host.waitFor(
      { apiVersion: 'v1', kind: 'Pod' },
      { namespace: cluster.namespace },
      (pods) =>
        pods.some(
          ({ metadata }) => metadata.name === `${name}-worker-1-0` && metadata.uid !== found?.metadata.uid,
        ),
      { timeoutMs: 60_000, signal: never, awaited: 'another pod of the worker', describe: () => 'none yet' },
    )
    host.close()
    await cluster.knest('scale', name, ':2')
    await cluster.api.delete({ apiVersion: 'v1', kind: 'Pod' }, 'on-new', 'default', { signal: never })
    await runPods(cluster.api, [pod('on-replaced', `${name}-worker-1`)])
  })

  it('deletes what no node has any more', async () => {
    const layers = async (): Promise<number> =>
      Number(await inNode('worker-0', 'ls "/knest/images/$KNEST_CLUSTER/layers" | wc -l'))
    const before = await layers()
    await cluster.knest('load', name, folder.write('other.tar', 'docker.io/library/other:1', 'other', 1_000))
    expect(await layers()).toBe(before + 1)
    await cluster.knest('images', 'rm', name, 'other:1')
    expect(await layers()).toBe(before)
  })

  it('removes what is not wanted any more', async () => {
    expect(await cluster.knest('images', 'rm', name, 'tool:1')).toBe('image "tool:1" removed\n')
    expect((await images()).map((image) => image.name)).toEqual([app, 'localhost/knest-e2e-load:1'])
    const left = await cluster.knest(
      'ssh',
      name,
      'worker-0',
      '--',
      'ctr',
      '-n',
      'k8s.io',
      'images',
      'ls',
      '-q',
    )
    expect(left).not.toContain('tool:1')
  })
})
