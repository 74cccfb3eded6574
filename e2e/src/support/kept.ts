import type { TestCluster } from './cluster.js'
import { nodesAre } from './nodes.js'

/** Folders that an image has, empty or not, and that users and their programs make: a machine keeps what is in them. */
const folders = [
  '/data/volumes',
  '/etc/containerd/certs.d/registry.example',
  '/home/somebody',
  '/mnt',
  '/opt/local-path-provisioner/volume',
  '/root',
  '/srv',
  '/usr/local/share/somebody',
  '/var/lib/longhorn',
  '/var/lib/rook',
]

/** What an image has in /usr is whole after a restart of a pod node, whatever was done to it; a VM has one disk. */
const breakProgram = nodesAre === 'pod' ? ['rm /usr/local/bin/kubeadm'] : []

/** Writes a file into each of the folders of a node, and breaks a program of its image. */
export async function writeKept(cluster: TestCluster, node: string): Promise<void> {
  const files = folders.map((folder) => `mkdir -p ${folder} && echo ${node} >${folder}/proof`)
  const script = [...files, ...breakProgram, 'sync'].join(' && ')
  await cluster.knest('ssh', cluster.name, node, '--', 'sh', '-c', script)
}

/** The folders that have lost their file; rejects when the node's own kubeadm is still broken. */
export async function lostFolders(cluster: TestCluster, node: string): Promise<readonly string[]> {
  const checks = folders.map((folder) => `grep -qx ${node} ${folder}/proof || echo ${folder}`)
  const script = [...checks, 'kubeadm version -o short >&2'].join('\n')
  const output = await cluster.knest('ssh', cluster.name, node, '--', 'sh', '-c', script)
  return output.split('\n').filter((line) => line !== '')
}
