import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { labels, type KindRef, type KubeApi, type KubeObject } from '@knest/core'
import { createFakeKubeApi, type FakeKubeApi } from '@knest/testing'
import { parse } from 'yaml'
import { startFakePortforward, type FakePortforward } from './fake-portforward.js'
import { startFakeSshServer, type FakeSshServer } from './fake-ssh-server.js'
import { dataVolumeKind, kubeVirtKind, vmiKind, vmKind } from './kubevirt.js'
import { userdataSecret } from './names.js'

const v1 = (kind: string): KindRef => ({ apiVersion: 'v1', kind })
const kinds: readonly KindRef[] = [
  vmKind,
  vmiKind,
  kubeVirtKind,
  dataVolumeKind,
  ...['Secret', 'Event', 'Pod', 'Node', 'PersistentVolumeClaim', 'PersistentVolume'].map(v1),
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
]

/**
 * For tests: a host with KubeVirt in memory. A VM that is applied gets a VMI that runs and an SSH server that
 * believes its cloud-init Secret; one that is deleted loses them. Nothing is virtualized, and no schema is
 * checked: that the real API takes what knest sends is for other tests.
 */
export interface FakeKubeVirt {
  readonly api: KubeApi
  readonly objects: FakeKubeApi
  readonly portforward: FakePortforward
  /** Where detached commands keep their files. */
  readonly jobsFolder: string
  /** False: VMs are made and stay switched off. */
  startsVms: boolean
  sshServer(node: string): FakeSshServer | undefined
  close(): Promise<void>
}

export async function startFakeKubeVirt(): Promise<FakeKubeVirt> {
  const objects = createFakeKubeApi(kinds)
  const portforward = await startFakePortforward()
  const programs = await mkdtemp(join(tmpdir(), 'knest-fake-vm-'))
  await writeFile(join(programs, 'knest-init'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const env = { PATH: `${programs}:${process.env.PATH ?? ''}` }
  const servers = new Map<string, FakeSshServer>()
  const { signal } = new AbortController()
  const fake: FakeKubeVirt = {
    api: {
      ...objects,
      raw: withoutCdi(objects),
      openStream: (...given) => portforward.api.openStream(...given),
    },
    objects,
    portforward,
    jobsFolder: join(programs, 'jobs'),
    startsVms: true,
    sshServer: (node) => servers.get(node),
    close: async () => {
      await portforward.close()
      await Promise.all([...servers.values()].map((server) => server.close()))
      await rm(programs, { recursive: true, force: true })
    },
  }

  const start = async (vm: KubeObject): Promise<void> => {
    const { name, namespace } = vm.metadata
    const secret = await objects.get(v1('Secret'), userdataSecret(name), namespace, signal)
    if (secret === undefined) return
    const { userdata } = secret.data as { userdata: string }
    const config = parse(Buffer.from(userdata, 'base64').toString()) as {
      ssh_keys: { ed25519_private: string }
      ssh_authorized_keys: [string]
    }
    const server = await startFakeSshServer({
      hostKey: config.ssh_keys.ed25519_private,
      authorizedKey: config.ssh_authorized_keys[0],
      env,
    })
    servers.set(name, server)
    portforward.listen(name, 22, server.port)
    await objects.apply(runningVmi(vm), { signal })
    await objects.patch(vmKind, name, namespace, { status: { printableStatus: 'Running' } }, { signal })
  }
  const stop = async ({ metadata }: KubeObject): Promise<void> => {
    await objects.delete(vmiKind, metadata.name, metadata.namespace, { signal })
    await servers.get(metadata.name)?.close()
    servers.delete(metadata.name)
  }
  const begun = new Set<string>()
  objects.onChange((object, deleted) => {
    if (object.kind !== vmKind.kind) return
    const { name } = object.metadata
    if (deleted) {
      begun.delete(name)
      void stop(object)
    } else if (fake.startsVms && !begun.has(name)) {
      begun.add(name)
      void start(object)
    }
  })
  return fake
}

/** Knows the kind, for tests that have CDI, and says that the host has none. */
function withoutCdi(objects: FakeKubeApi): KubeApi['raw'] {
  return (path, ...request) =>
    path.startsWith('/apis/cdi.') ? Promise.resolve({ status: 404, body: '' }) : objects.raw(path, ...request)
}

function runningVmi({ metadata }: KubeObject): KubeObject {
  const { name, namespace = '', labels: own = {} } = metadata
  return {
    ...vmiKind,
    metadata: { name, namespace, labels: { ...own, [labels.backend]: 'vm' } },
    status: {
      phase: 'Running',
      nodeName: 'host-0',
      interfaces: [{ name: 'pod', ipAddress: '10.0.0.9' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}
