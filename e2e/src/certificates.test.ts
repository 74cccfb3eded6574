import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import {
  certificates,
  expiredKubeletCertificate,
  onNode,
  servedUntil,
  shortenCertificates,
} from './support/certificates.js'
import { createCluster, listNames, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import { readProof, writeProof, written } from './support/proof.js'
import { kubeletStarts, notReady, readyAnew } from './support/ready-nodes.js'
import { secondsUntil } from './support/until.js'

const name = 'e2e-certs'
const controlPlane = `${name}-cp-0`
const worker = `${name}-worker-0`

describe('knest certs', () => {
  let cluster: TestCluster
  let host: KubeApi

  beforeAll(async () => {
    cluster = await createCluster(name)
    host = await openHost(cluster.home)
    await writeProof(cluster.api)
  })
  afterAll(async () => {
    host.close()
    await cluster.remove()
  })

  it('shows every certificate, valid for a year', async () => {
    const shown = await certificates(cluster)
    expect(shown.certificates.map((each) => `${each.node ?? '-'} ${each.name}`).sort()).toEqual(
      [
        '- kubeconfig',
        ...[
          'admin.conf',
          'apiserver',
          'apiserver-etcd-client',
          'apiserver-kubelet-client',
          'controller-manager.conf',
          'etcd-healthcheck-client',
          'etcd-peer',
          'etcd-server',
          'front-proxy-client',
          'kubelet-client',
          'scheduler.conf',
          'super-admin.conf',
        ].map((each) => `${controlPlane} ${each}`),
        `${worker} kubelet-client`,
      ].sort(),
    )
    expect(shown.certificates.filter(({ daysLeft }) => daysLeft < 300)).toEqual([])
    expect(shown.authorities.filter(({ daysLeft }) => daysLeft < 3000)).toEqual([])
    expect(shown.problems).toEqual([])
    expect(await cluster.knest('certs', name, '--dry-run')).toBe('')
  })

  it('renews a control plane whose certificates end in minutes, and the API goes on answering', async () => {
    await shortenCertificates(host, cluster, controlPlane, 10)
    const { stderr } = await runKnest(cluster.home, ['certs', name, '--context', hostContext])
    expect(stderr).toContain('11 certificates end within 30 days')

    expect(await cluster.knest('certs', name, '--renew')).toContain('11 certificates')
    const shown = await certificates(cluster)
    expect(shown.certificates.filter(({ daysLeft }) => daysLeft < 300)).toEqual([])
    const api = await cluster.reopen()
    expect(await listNames(api, 'Node')).toEqual([controlPlane, worker])
    expect(await readProof(api)).toEqual(written)
    api.close()
    const inUse = await Promise.all(
      [6443, 2379].map((port) => servedUntil(host, cluster, controlPlane, port)),
    )
    const halfAYear = Date.now() + 180 * 24 * 3600_000
    expect(inUse.filter((end) => end.getTime() < halfAYear)).toEqual([])
  })

  it('goes on with a renewal that was killed', async () => {
    await shortenCertificates(host, cluster, controlPlane, 10)
    const killed = await runKnest(cluster.home, ['certs', name, '--renew', '--context', hostContext], {
      onStderr: (text, child) => {
        if (text.includes('Restart the control plane')) child.kill('SIGKILL')
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    await cluster.knest('certs', name, '--renew')
    const shown = await certificates(cluster)
    expect(shown.unfinished).toEqual([])
    expect(shown.certificates.filter(({ daysLeft }) => daysLeft < 300)).toEqual([])
    expect(await cluster.knest('certs', name, '--renew')).toContain('no certificate')
    const api = await cluster.reopen()
    expect(await readProof(api)).toEqual(written)
    api.close()
  })

  it('cures a kubelet whose certificate has expired', async () => {
    const expired = await expiredKubeletCertificate(host, cluster, controlPlane, worker)
    const file = '/var/lib/kubelet/pki/kubelet-client-knest.pem'
    await onNode(
      host,
      cluster,
      worker,
      `systemctl stop kubelet
printf '%s' '${expired}' >${file}
ln -sf ${file} /var/lib/kubelet/pki/kubelet-client-current.pem
sleep 2
systemctl start kubelet`,
    )
    const shown = await certificates(cluster)
    expect(shown.certificates.find(({ node }) => node === worker)?.daysLeft).toBe(-1)

    expect(await cluster.knest('certs', name, '--renew')).toContain('1 certificate of')
    // Its last word before was Ready as well.
    await secondsUntil(readyAnew(cluster, cluster.api, [worker]), 60, 'the worker to report again')
  })

  it('renews all when asked to', async () => {
    const before = await certificates(cluster)
    expect(await cluster.knest('certs', name, '--renew', '--all')).toContain('14 certificates')
    const after = await certificates(cluster)
    const ends = (list: typeof before): ReadonlyMap<string, string> =>
      new Map(list.certificates.map((each) => [`${each.node ?? ''} ${each.name}`, each.expires]))
    for (const [key, end] of ends(before)) expect(ends(after).get(key), key).not.toBe(end)
    const api = await cluster.reopen()
    const nodes = [controlPlane, worker]
    expect(await notReady(api, nodes, await kubeletStarts(cluster, nodes))).toEqual([])
    expect(await readProof(api)).toEqual(written)
    api.close()
  })
})
