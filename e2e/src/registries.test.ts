import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { createCluster, never, openHost, type TestCluster } from './support/cluster.js'
import { createHome, hostContext, type TestHome } from './support/home.js'
import { openImageFolder, type ImageFolder } from './support/image-archive.js'
import { runKnest } from './support/knest.js'
import { killNode, podKind } from './support/nodes.js'
import { openRegistry, type Registry } from './support/registry.js'
import { addressForHost } from './support/webhook.js'
import { runPods } from './support/workload.js'

const name = 'e2e-registries'
const namespace = `knest-${name}`
const [worker, second] = [`${name}-worker-0`, `${name}-worker-1`]
const login = 'me:a secret'

const home: TestHome = createHome()
const host = await openHost(home)
const address = await addressForHost(host)
if (address === undefined) console.log('skipped: nodes of this host do not reach a registry on this machine')

describe.skipIf(address === undefined)('registries of a nested cluster', () => {
  let cluster: TestCluster
  let folder: ImageFolder
  const registries: Registry[] = []
  let [open, other, closed]: (Registry | undefined)[] = []

  beforeAll(async () => {
    folder = openImageFolder()
    const archive = folder.write('stay.tar', 'docker.io/library/stay:1', 'pulled')
    for (const secret of [undefined, undefined, login])
      registries.push(await openRegistry(address ?? '', folder, archive, secret))
    ;[open, other, closed] = registries
    cluster = await createCluster(name, '--registry-mirror', `docker.io=http://${open?.host ?? ''}`)
  })
  afterAll(async () => {
    await host.delete({ apiVersion: 'v1', kind: 'Secret' }, 'login', namespace, { signal: never })
    await cluster.remove()
    await Promise.all(registries.map((registry) => registry.close()))
    host.close()
    home.remove()
    folder.remove()
  })

  const pod = (podName: string, node: string, image: string): KubeObject => ({
    ...podKind,
    metadata: { name: podName, namespace: 'default' },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'stay', image, imagePullPolicy: 'Always' }],
    },
  })
  const apply = async (registriesOf: readonly object[]): ReturnType<typeof runKnest> => {
    const manifest = {
      apiVersion: 'knest.dev/v1alpha1',
      kind: 'NestedCluster',
      metadata: { name, namespace },
      spec: { workers: [{ name: 'worker', count: 2 }], registries: registriesOf },
    }
    const file = join(home.path, 'cluster.json')
    writeFileSync(file, JSON.stringify(manifest))
    return runKnest(home, ['apply', '-f', file, '--context', hostContext])
  }
  /** Of the pods that run nodes: who is restarted is another. */
  const hostPods = async (): Promise<readonly (string | undefined)[]> =>
    (await host.list(podKind, { namespace, signal: never })).map(({ metadata }) => metadata.uid).sort()
  const secret = (password: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace },
    type: 'kubernetes.io/basic-auth',
    data: Object.fromEntries(
      Object.entries({ username: 'me', password }).map(([key, text]) => [
        key,
        Buffer.from(text).toString('base64'),
      ]),
    ),
  })

  it('a node that was created, one that came later and one that was replaced pull by the mirror', async () => {
    await runPods(cluster.api, [pod('created', worker, 'stay:1')])
    await cluster.knest('scale', name, ':2')
    await killNode(host, namespace, worker)
    await cluster.api.delete(podKind, 'created', 'default', { signal: never, gracePeriodSeconds: 0 })
    await runPods(cluster.api, [pod('added', second, 'stay:2')])
    await replaced(host, worker)
    await cluster.knest('heal', name)
    await runPods(cluster.api, [pod('replaced', worker, 'stay:3')])
    expect(open?.served.map((path) => /manifests\/(\d)/.exec(path)?.[1])).toEqual(
      expect.arrayContaining(['1', '2', '3']),
    )
  })

  it('another mirror and credentials hold without a restart, and credentials that are missing or wrong are named', async () => {
    const before = await hostPods()
    const registry = closed?.host ?? ''
    const wanted = [
      { host: 'docker.io', mirrors: [`http://${other?.host ?? ''}`] },
      { host: registry, mirrors: [`http://${registry}`], credentials: { secretRef: { name: 'login' } } },
    ]
    const refused = await apply(wanted)
    expect(refused.code, refused.stderr).toBe(3)
    expect(refused.stderr).toContain(
      `Secret "login" of registry "${registry}" is not in namespace "${namespace}"`,
    )

    await host.apply(secret('wrong'), { signal: never })
    expect(await apply(wanted)).toMatchObject({ code: 0 })
    await cluster.api.apply(pod('closed', worker, `${registry}/stay:1`), { signal: never })
    const why = await whyWaiting(cluster.api, 'closed')
    expect(why).toContain(registry)
    expect(why).toMatch(/401|unauthorized|authorization failed/i)

    await host.apply(secret('a secret'), { signal: never })
    const applied = await apply(wanted)
    expect(applied).toMatchObject({ code: 0 })
    await cluster.api.delete(podKind, 'closed', 'default', { signal: never, gracePeriodSeconds: 0 })
    await runPods(cluster.api, [
      pod('opened', worker, `${registry}/stay:1`),
      pod('elsewhere', second, 'stay:4'),
    ])
    expect(other?.served.some((path) => path.includes('manifests/4'))).toBe(true)
    expect(await hostPods()).toEqual(before)
    const text = JSON.stringify(
      await host.list(
        { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' },
        { namespace, signal: never },
      ),
    )
    expect(`${refused.stderr}${applied.stderr}${applied.stdout}${text}`).not.toMatch(/a secret|bWU6/)
  })
})

async function replaced(host: KubeApi, node: string): Promise<void> {
  const isAnew = ({ metadata, status }: KubeObject): boolean =>
    metadata.name === `${node}-0` &&
    metadata.deletionTimestamp === undefined &&
    (status as { phase?: string }).phase === 'Running'
  await host.waitFor(podKind, { namespace }, (pods) => pods.some(isAnew), {
    timeoutMs: 60_000,
    signal: never,
    awaited: `another pod of ${node}`,
    describe: () => 'none yet',
  })
}

/** What kubelet says of a pod whose image it cannot pull. */
async function whyWaiting(api: KubeApi, pod: string): Promise<string> {
  const messageOf = ({ metadata, status }: KubeObject): string => {
    const { containerStatuses = [] } = (status ?? {}) as {
      containerStatuses?: readonly { state?: { waiting?: { reason?: string; message?: string } } }[]
    }
    const waiting = containerStatuses[0]?.state?.waiting
    return metadata.name === pod && waiting?.reason === 'ErrImagePull' ? (waiting.message ?? '') : ''
  }
  const pods = await api.waitFor(
    podKind,
    { namespace: 'default' },
    (found) => found.some((each) => messageOf(each) !== ''),
    {
      timeoutMs: 60_000,
      signal: never,
      awaited: 'kubelet to say why',
      describe: (seen) => JSON.stringify(seen).slice(0, 2000),
    },
  )
  return pods.map(messageOf).join('')
}
