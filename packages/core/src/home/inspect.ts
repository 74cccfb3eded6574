import { kubectlCommand } from '../commands.js'
import type { HomeFacts } from '../contracts/cluster-home.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { unlessForbidden, type Problem } from '../errors.js'
import { detectHostNetwork } from '../network/index.js'
import { isMadeFor } from '../ownership.js'
import { clockProblems } from './clock.js'
import { crdProblems, servedProblems } from './crd.js'
import { inotifyProblems } from './inotify.js'
import { namespaceKind } from './namespace.js'

/** Reads what the host's network uses and whether it is fit. Changes nothing. */
export async function inspectHost(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<Omit<HomeFacts, 'serviceType'>> {
  const [network, ...found] = await Promise.all([
    detectHostNetwork(api, signal),
    namespaceProblems(api, ref, signal),
    crdProblems(api, signal),
    servedProblems(api, ref, signal),
    inotifyProblems(api, signal),
    clockProblems(api, signal),
  ])
  return { ...network, problems: [...network.problems, ...found.flat()] }
}

/** A namespace that knest did not make must let privileged pods in; knest's own is made right. */
async function namespaceProblems(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const namespace = await api.get(namespaceKind, ref.namespace, undefined, signal)
  if (namespace === undefined) {
    const mayCreate = await api.canI({ verb: 'create', resource: 'namespaces' }, signal)
    if (mayCreate) return []
    return [
      {
        reason: 'NotPermitted',
        severity: 'error',
        message: `there is no namespace "${ref.namespace}" on the host, and you may not create it`,
        hint: 'ask for the namespace, or choose one that exists with -n',
      },
    ]
  }
  if (namespace.metadata.deletionTimestamp !== undefined) {
    return [
      {
        severity: 'error',
        message: `namespace "${ref.namespace}" is being deleted`,
        hint: 'wait until it is gone, then run the command again',
      },
    ]
  }
  return isMadeFor(ref, namespace) ? [] : levelProblems(namespace)
}

/** What the namespace of a cluster has against further nodes of it. */
export async function placeProblems(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const namespace = await api.get(namespaceKind, ref.namespace, undefined, signal).catch(unlessForbidden)
  return namespace === undefined ? [] : levelProblems(namespace)
}

function levelProblems({ metadata }: KubeObject): readonly Problem[] {
  const level = metadata.labels?.['pod-security.kubernetes.io/enforce']
  if (level === undefined || level === 'privileged') return []
  return [
    {
      reason: 'PodSecurityForbids',
      object: `namespace/${metadata.name}`,
      severity: 'error',
      message: `namespace "${metadata.name}" admits only ${level} pods, and a node is a privileged one`,
      hint: `${kubectlCommand('label', '--overwrite', 'namespace', metadata.name, 'pod-security.kubernetes.io/enforce=privileged')}, or choose another namespace with -n`,
    },
  ]
}
