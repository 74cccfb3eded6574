import { expect, test } from 'vitest'
import { issueCertificate } from '@knest/core'
import { createdFixture, never, recordingProgress, ref, run, type Fixture } from './fixture.js'

/** What a node says when it is asked for its certificates. */
async function certificatesOf({ home }: Fixture, days: Readonly<Record<string, number>>): Promise<string> {
  const authorities = await home.readAuthorities(ref, never)
  if (authorities === undefined) throw new Error('no authorities')
  const parts = Object.entries(days).map(async ([name, validityDays]) => {
    const { cert } = await issueCertificate(authorities.ca, {
      commonName: name,
      usages: ['client'],
      validityDays,
    })
    return `= ${name}\n${cert}`
  })
  return (await Promise.all(parts)).join('')
}

async function fixtureWith(
  controlPlane: Readonly<Record<string, number>>,
  worker: Readonly<Record<string, number>>,
): Promise<Fixture> {
  const fixture = await createdFixture()
  for (const [name, days] of [
    ['q-cp-0', controlPlane],
    ['q-worker-0', worker],
  ] as const) {
    const node = fixture.nodes.nodes.get(name)
    if (node !== undefined) node.certificates = await certificatesOf(fixture, days)
  }
  return fixture
}

const far = { apiserver: 365, 'admin.conf': 365, 'kubelet-client': 365 }
const kubeletFar = { 'kubelet-client': 365 }

test('lists what every node has, and the kubeconfig that is stored', async () => {
  const { clusters } = await fixtureWith({ ...far, apiserver: 10 }, kubeletFar)
  const list = await clusters.certificates(ref, never)
  const seen = list.certificates.map(({ node, name, renewedBy }) => [node, name, renewedBy])
  expect(seen).toEqual([
    [undefined, 'kubeconfig', 'knest'],
    ['q-cp-0', 'apiserver', 'knest'],
    ['q-cp-0', 'admin.conf', 'knest'],
    ['q-cp-0', 'kubelet-client', 'kubelet'],
    ['q-worker-0', 'kubelet-client', 'kubelet'],
  ])
  expect(list.certificates.find(({ name }) => name === 'apiserver')?.daysLeft).toBe(9)
  expect(list.authorities.map(({ name }) => name)).toEqual(['ca', 'etcd-ca', 'front-proxy-ca'])
  expect(list.problems).toEqual([])
})

test('a node that cannot be asked is a problem in the list, not its end', async () => {
  const { clusters, nodes } = await fixtureWith(far, kubeletFar)
  const worker = nodes.nodes.get('q-worker-0')
  if (worker !== undefined) worker.phase = 'pending'
  const list = await clusters.certificates(ref, never)
  expect(list.problems).toEqual(['node "q-worker-0" cannot be asked: the fake says so'])
  expect(list.certificates.map(({ node }) => node)).toContain('q-cp-0')
})

test('lists while somebody works on the cluster', async () => {
  const { clusters, home } = await fixtureWith(far, kubeletFar)
  const held = await home.lock(ref, never, () => undefined)
  expect((await clusters.certificates(ref, never)).certificates).toHaveLength(5)
  expect(await clusters.planRenewal(ref, { all: false }, run)).toEqual([])
  await held.release()
})

test('renews nothing where nothing ends soon', async () => {
  const { clusters, nodes } = await fixtureWith(far, kubeletFar)
  expect(await clusters.renewCertificates(ref, { all: false }, run)).toMatchObject({ renewed: [] })
  expect(nodes.done).toEqual([])
})

test('renews the node whose certificate ends soon, as planned, and tells what is new', async () => {
  const fixture = await fixtureWith({ ...far, apiserver: 10 }, kubeletFar)
  const { clusters, nodes } = fixture
  const plan = await clusters.planRenewal(ref, { all: false }, run)
  expect(plan.map(({ title }) => title)).toEqual([
    'Renew the certificates of "q-cp-0"',
    'Restart the control plane on "q-cp-0"',
  ])
  const fresh = await certificatesOf(fixture, { apiserver: 365, 'admin.conf': 365 })
  nodes.before = (what) => {
    const node = nodes.nodes.get('q-cp-0')
    if (what === 'renew q-cp-0' && node !== undefined)
      node.certificates = `${fresh}${node.certificates.slice(node.certificates.indexOf('= kubelet-client'))}`
    return Promise.resolve()
  }
  const { renewed, certificates } = await clusters.renewCertificates(ref, { all: false }, run)
  expect(nodes.done).toEqual(['renew q-cp-0', 'restart q-cp-0'])
  expect(renewed.map(({ name }) => name)).toEqual(['apiserver', 'admin.conf'])
  expect(Math.min(...certificates.map(({ daysLeft }) => daysLeft))).toBeGreaterThan(300)
})

test('goes on with a renewal that was broken off, though nothing ends soon', async () => {
  const fixture = await fixtureWith(far, kubeletFar)
  const { clusters, nodes } = fixture
  const worker = nodes.nodes.get('q-worker-0')
  if (worker !== undefined) worker.certificates = `= unfinished\n${worker.certificates}`
  expect((await clusters.certificates(ref, never)).unfinished).toEqual(['q-worker-0'])
  await clusters.renewCertificates(ref, { all: false }, run)
  expect(nodes.done).toEqual(['renew q-worker-0'])
})

test('all of them: every node, the stored kubeconfig, and every problem is said', async () => {
  const { clusters, nodes, home } = await fixtureWith(far, kubeletFar)
  const before = await home.readKubeconfig(ref, never)
  const progress = recordingProgress()
  const worker = nodes.nodes.get('q-worker-0')
  if (worker !== undefined) worker.certificates += '= kubelet-client\nno PEM\n'
  await clusters.renewCertificates(ref, { all: true }, { ...run, progress })
  expect(nodes.done).toEqual(['renew q-cp-0', 'restart q-cp-0'])
  expect(progress.warnings).toEqual(['certificate "kubelet-client" of node "q-worker-0" cannot be read'])
  expect(await home.readKubeconfig(ref, never)).not.toBe(before)
})

test('ends when the kubelets that were restarted have said that they are Ready', async () => {
  const { clusters, nodes } = await fixtureWith(far, kubeletFar)
  await clusters.renewCertificates(ref, { all: true }, run)
  const found = await nodes.api.objects.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
  const said = found.map(({ metadata, status }) => {
    const [ready] = (status as { conditions: { status: string; lastHeartbeatTime: string }[] }).conditions
    return [metadata.name, ready?.status, Date.parse(ready?.lastHeartbeatTime ?? '') / 1000]
  })
  const started = [...nodes.nodes.values()].map(({ spec, kubeletStarted }) => [
    spec.name,
    'True',
    kubeletStarted,
  ])
  expect(said.sort()).toEqual(started.sort())
})
