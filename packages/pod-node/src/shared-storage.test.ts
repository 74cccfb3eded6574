import { expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '@knest/core'
import { sharedStorageProblems } from './shared-storage.js'

const { signal } = new AbortController()

function storageClass(name: string, provisioner: string, byDefault = false): KubeObject {
  const annotations = byDefault ? { 'storageclass.kubernetes.io/is-default-class': 'true' } : {}
  const object = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, annotations } }
  return { ...object, provisioner }
}

const ask = async (
  provisioner: string,
  persistence: { enabled: boolean; storageClass?: string } = { enabled: true },
): Promise<readonly string[]> => {
  const classes = [storageClass('usual', provisioner, true), storageClass('other', 'rancher.io/local-path')]
  const api = { list: () => Promise.resolve(classes) } as unknown as KubeApi
  const problems = await sharedStorageProblems(api, { persistence }, signal)
  return problems.map(({ severity, message }) => `${severity}: ${message}`)
}

it.each([
  'nfs.csi.k8s.io',
  'cluster.local/nfs-subdir-external-provisioner',
  'k8s-sigs.io/nfs-subdir-external-provisioner',
  'smb.csi.k8s.io',
  'efs.csi.aws.com',
  'file.csi.azure.com',
  'kubernetes.io/azure-file',
  'filestore.csi.storage.gke.io',
  'rook-ceph.cephfs.csi.ceph.com',
  'kubernetes.io/glusterfs',
])('warns of %s', async (provisioner) => {
  expect(await ask(provisioner)).toEqual([
    expect.stringMatching(/^warning: StorageClass "usual" .*network file systems/),
  ])
})

it.each([
  'rancher.io/local-path',
  'rook-ceph.rbd.csi.ceph.com',
  'ebs.csi.aws.com',
  'disk.csi.azure.com',
  'pd.csi.storage.gke.io',
  'driver.longhorn.io',
  'topolvm.io',
  'kubernetes.io/no-provisioner',
])('takes %s', async (provisioner) => {
  expect(await ask(provisioner)).toEqual([])
})

it('looks at the class that is used, and only for disks that last', async () => {
  expect(await ask('nfs.csi.k8s.io', { enabled: true, storageClass: 'other' })).toEqual([])
  expect(await ask('nfs.csi.k8s.io', { enabled: false })).toEqual([])
})
