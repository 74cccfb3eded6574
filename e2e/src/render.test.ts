import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webPod } from '@knest/testing/web-pod'
import type { KubeApi } from 'knest'
import { authorityFilesOn } from './support/authority-files.js'
import { isReady, never, openHost, within } from './support/cluster.js'
import { createHome } from './support/home.js'
import type { TestHome } from './support/home.js'
import { expectInventory, inventory } from './support/inventory.js'
import { readProof, writeProof, written } from './support/proof.js'
import { createReaderHome, readDocument, runBlock, shellBlocks } from './support/readme.js'
import { applyStandalone, awaitStandalone, podUid } from './support/standalone.js'
import type { StandaloneCluster } from './support/standalone.js'
import { secondsUntil } from './support/until.js'
import { runPods, shell } from './support/workload.js'

const limit = 240

/** Deletes a node's pod and waits until the host has made it again. */
async function replacePod(cluster: StandaloneCluster, node: string): Promise<void> {
  const before = await podUid(cluster, node)
  await cluster.run(`kubectl -n ${cluster.namespace} delete pod ${node}-0 --grace-period=0 --force 2>&1`)
  await secondsUntil(async () => {
    const now = await podUid(cluster, node)
    return now !== undefined && now !== before
  }, 60)
}

/** Nodes are Ready before DNS is, and nobody waits for it here. */
async function awaitDnsAnswer(api: KubeApi, pod: string): Promise<void> {
  const answer = (): Promise<string> => shell(api, pod, 'nslookup kubernetes.default.svc.cluster.local')
  await secondsUntil(async () => (await answer()).includes('10.201.0.1'), 90, `DNS to answer "${pod}"`)
}

describe('a standalone cluster of one control plane and one worker', () => {
  const name = 'e2e-render'
  let cluster: StandaloneCluster
  let api: KubeApi
  let before: readonly string[]

  beforeAll(async () => {
    const home = createHome()
    const host = await openHost(home)
    before = await inventory(host, [name])
    host.close()
    home.remove()
    cluster = await applyStandalone(name)
    const up = await awaitStandalone(cluster, 2, limit)
    api = up.api
    console.log(`1+1 by kubectl apply: all nodes Ready after ${up.seconds.toFixed(1)} s`)
  })
  afterAll(async () => {
    await cluster.remove()
    cluster.close()
  })

  it('has DNS that answers, on its worker', async () => {
    await runPods(api, [webPod('dns', `${name}-worker-0`)])
    await awaitDnsAnswer(api, 'dns')
  })

  it('does not drift: what the host filled in is no difference to the manifests', async () => {
    expect(await cluster.run(`knest render ${name} --standalone | kubectl diff -f -`)).toBe('')
  })

  it('gets a worker back that has lost pod and disk', async () => {
    await replacePod(cluster, `${name}-worker-0`)
    await api.delete({ apiVersion: 'v1', kind: 'Pod' }, 'dns', 'default', {
      signal: never,
      gracePeriodSeconds: 0,
    })
    await runPods(api, [webPod('again', `${name}-worker-0`)])
    await awaitDnsAnswer(api, 'again')
    await awaitStandalone(cluster, 2, limit)
  })

  it('gets another worker when the manifests have one more', async () => {
    await cluster.run(`knest render ${name} --standalone --worker-machine-count 2 | kubectl apply -f -`)
    const { seconds } = await awaitStandalone(cluster, 3, limit)
    console.log(`a second worker by kubectl apply: Ready after ${seconds.toFixed(1)} s`)
  })

  it('keeps its data when the container of the control plane is started again', async () => {
    await writeProof(api)
    const pod = `-n ${cluster.namespace} ${name}-cp-0-0`
    await cluster.run(`kubectl exec ${pod} -- bash -c 'kill -TERM 1' || true`)
    const restarts = `kubectl get pod ${pod} -o jsonpath='{.status.containerStatuses[0].restartCount}'`
    await secondsUntil(
      async () => Number(await cluster.run(restarts)) > 0,
      60,
      'the container to start again',
    )
    const back = await secondsUntil(async () => (await readProof(api)) !== undefined, limit)
    expect(await readProof(api)).toEqual(written)
    console.log(`the container of the control plane started again: API back after ${back.toFixed(1)} s`)
  })

  it('has a worker whose kubelet asked for a certificate of its own at once', async () => {
    const requests = await api.list(
      { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' },
      { signal: never },
    )
    const users = requests.map(({ spec }) => (spec as { username: string }).username)
    expect(users).toContain(`system:node:${name}-worker-0`)
  })

  it('gives the Job no right but to these Secrets, and the workers no authority', async () => {
    const account = `system:serviceaccount:${cluster.namespace}:${name}-certificates`
    const may = (what: string): Promise<string> =>
      cluster.run(`kubectl -n ${cluster.namespace} auth can-i ${what} --as ${account} || true`)
    expect(await may(`patch secret/${name}-pki`)).toBe('yes\n')
    expect(await may('create secrets')).toBe('no\n')
    expect(await may('get secret/other')).toBe('no\n')
    expect(await authorityFilesOn(cluster, name, `${name}-cp-0`)).toEqual(
      expect.arrayContaining(['ca.crt', 'ca.key', 'etcd-ca.key', 'front-proxy-ca.key', 'sa.key']),
    )
    expect(await authorityFilesOn(cluster, name, `${name}-worker-0`)).toEqual(['ca.crt'])
  })

  it('is gone with its namespace, and leaves nothing', async () => {
    await cluster.remove()
    const host = cluster.host
    await expectInventory(host, before, [name])
  })
})

const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong)
  console.log('skipped: a standalone cluster of three control planes: hack/test --long has time for it')

describe.runIf(isLong)('a standalone cluster of three control planes without workers', () => {
  const name = 'e2e-render-ha'
  let cluster: StandaloneCluster

  beforeAll(async () => {
    cluster = await applyStandalone(name, '--control-plane-machine-count 3 --worker-machine-count 0')
    const { seconds } = await awaitStandalone(cluster, 3, limit + 120)
    console.log(`3+0 by kubectl apply: all nodes Ready after ${seconds.toFixed(1)} s`)
  })
  afterAll(async () => {
    await cluster.remove()
    cluster.close()
  })

  it('takes its first control plane back when that has lost pod and disk, and begins no other cluster', async () => {
    const first = `${name}-cp-0`
    const api = await cluster.open(`${name}-cp-1`)
    const find = () => api.get({ apiVersion: 'v1', kind: 'Node' }, first, undefined, within(3_000))
    await writeProof(api)
    const old = await find()
    await replacePod(cluster, first)
    const seconds = await secondsUntil(async () => {
      const node = await find()
      return node !== undefined && node.metadata.uid !== old?.metadata.uid && isReady(node)
    }, limit)
    console.log(`${first} without its disk: joined again and Ready after ${seconds.toFixed(1)} s`)
    expect(await readProof(await cluster.open(first))).toEqual(written)
    const members = await api.list(
      { apiVersion: 'v1', kind: 'Pod' },
      { namespace: 'kube-system', labelSelector: 'component=etcd', signal: within(10_000) },
    )
    expect(members.map(({ metadata }) => metadata.name).sort()).toEqual(
      [0, 1, 2].map((index) => `etcd-${name}-cp-${String(index)}`),
    )
  })
})

describe('docs/gitops.md', () => {
  let home: TestHome
  beforeAll(() => {
    home = createReaderHome()
  })
  afterAll(async () => {
    await runBlock(home, 'kubectl delete namespace knest-alone --ignore-not-found')
    home.remove()
  })

  it.for(shellBlocks(readDocument('docs/gitops.md')))('line $line: $script', async ({ script }) => {
    const { code, stdout, stderr } = await runBlock(home, script)
    expect(code, `${stderr}${stdout}`).toBe(0)
  })
})
