import { posix } from 'node:path'
import type { ClusterSpec } from '../contracts/cluster.js'
import { bootstrappedMarker } from './disk.js'

/** Bash lines that write a file which is whole or not there, also after a power cut. */
export function lastingFile(path: string, text = ''): string {
  return `printf '%s\\n' '${text}' >${path}.new
sync ${path}.new
mv ${path}.new ${path}
sync ${posix.dirname(path)}
`
}

/** Bash lines that remove a file; it does not come back with a power cut. */
export function removeLasting(path: string): string {
  return `rm -f ${path}
sync ${posix.dirname(path)}
`
}

/**
 * Bash lines after which what kubeadm, kubelet and knest laid out on a node lasts; to be run before a file says that
 * it is there. Without them a power cut leaves files that are empty.
 */
export const syncLaidOut = `find /etc/kubernetes /var/lib/kubelet -xdev -path /var/lib/kubelet/pods -prune -o '(' -type f -o -type d ')' -exec sync {} + || sync
`

/** Bash lines that say that Kubernetes is set up on this disk. An ephemeral one goes with its node anyway. */
export function setUpDone({ persistence }: Pick<ClusterSpec, 'persistence'>): string {
  return `${persistence.enabled ? syncLaidOut : ''}${lastingFile(bootstrappedMarker)}`
}
