import type { ClusterRecord } from '../contracts/cluster.js'
import type { DoctorRequest, Unseen } from '../contracts/doctor.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { redactText } from '../logs/index.js'
import { apiTargets } from '../nested-api/api-targets.js'
import { firstReachable } from '../nested-api/reachable.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { phaseTable } from '../phases/index.js'
import { askCluster, lastWords, type StatusFacts } from '../status/index.js'
import type { Ask, Limits } from './ask.js'
import { askServices } from './node-services.js'
import { readKubeconfig } from './read-kubeconfig.js'
import type { ClusterSnapshot } from './snapshot.js'

interface Sources {
  readonly parts: Parts
  readonly record: ClusterRecord
  readonly request: DoctorRequest
  readonly limits: Pick<Limits, 'status'>
}

/** Undefined when not even the host tells of its nodes. */
export async function lookAtCluster(
  { parts, record, request, limits }: Sources,
  ask: Ask,
  unseen: Unseen[],
): Promise<Omit<ClusterSnapshot, 'deadHolders'> | undefined> {
  const nodes =
    (await ask('nodes of the cluster on the host', async (signal) =>
      listNodes(record, await backendsOf(parts, record), signal),
    )) ?? []
  const isThere = phaseTable[record.phase].nodes === 'there'
  const running = isThere ? nodes.filter(({ phase }) => phase === 'running') : []
  const [facts, services, words, nested, wayIn, kubeconfig] = await Promise.all([
    ask('status of the cluster', (signal) => askCluster(parts, record, signal, limits.status), 'longPart'),
    Promise.all(
      running.map(async (node) => {
        const what = `services of node "${node.name}"`
        const found = await ask(what, async (signal) =>
          askServices(await node.backend.openNode(record, node.name, signal), signal),
        )
        return found === undefined ? [] : [[node.name, found] as const]
      }),
    ),
    ask('logs of the control plane', (signal) =>
      lastWords(record, running, async (work) => ({ value: await work(signal), problem: undefined })),
    ),
    isThere ? lookIntoNested(parts, record, nodes, ask) : undefined,
    isThere ? ask('the way into the cluster', (signal) => lookAtWayIn(parts, record, signal)) : undefined,
    ask('kubeconfig of this machine', (signal) => lookAtKubeconfig(parts, record, request, signal)),
  ])
  if (facts === undefined) return undefined
  if (isThere) unseen.push(...unanswered(facts))
  return {
    ...{ facts, wayIn, kubeconfig },
    services: new Map(services.flat()),
    lastWords: words ?? [],
    workloads: nested?.workloads,
    answerMs: nested?.answerMs,
  }
}

/** That the nested API or a node is silent is a finding, or was told of its services. */
function unanswered({ etcd, certificates, inside, authorities }: StatusFacts): readonly Unseen[] {
  const told = (what: string, why: string | undefined): readonly Unseen[] =>
    why === undefined ? [] : [{ what, why: redactText(why) }]
  return [
    ...told('members of etcd', etcd.problem),
    ...told('certificates', certificates.problem),
    ...(certificates.value?.problems ?? []).map((why) => ({ what: 'certificates', why: redactText(why) })),
    ...told('certificate authorities', authorities.problem),
    ...told('pods and webhooks of the cluster', inside.problem),
    ...(inside.value?.problems ?? []).map((why) => ({
      what: 'pods and webhooks of the cluster',
      why: redactText(why),
    })),
  ]
}

const deployment: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }
const daemonSet: KindRef = { apiVersion: 'apps/v1', kind: 'DaemonSet' }
const configMap: KindRef = { apiVersion: 'v1', kind: 'ConfigMap' }

/** Parts of kubeadm's, whose settings tell whether the cluster is to have them. */
const addonNames = ['coredns', 'kube-proxy']

async function settingsOf(
  api: Pick<KubeApi, 'get'>,
  name: string,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const found = await api.get(configMap, name, 'kube-system', signal)
  return found === undefined ? [] : [{ ...configMap, metadata: found.metadata }]
}

async function lookIntoNested(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  ask: Ask,
): Promise<{ readonly workloads: readonly KubeObject[]; readonly answerMs: number } | undefined> {
  return ask('network, DNS and storage of the cluster', async (signal) => {
    const api = await tryNestedApi(parts, record, nodes, signal)
    if (api === undefined) throw new KnestError('prerequisite', 'no control plane is ready')
    try {
      const workloads = await Promise.all([
        api.list(deployment, { namespace: 'kube-system', signal }),
        api.list(deployment, { namespace: 'local-path-storage', signal }),
        api.list(daemonSet, { signal }),
        ...addonNames.map((name) => settingsOf(api, name, signal)),
      ])
      // The connection is there by now: this is what an answer takes.
      const asked = performance.now()
      await api.raw('/version', signal)
      return { workloads: workloads.flat(), answerMs: performance.now() - asked }
    } finally {
      api.close()
    }
  })
}

/** Undefined where no certificate can tell who answers. */
async function lookAtWayIn(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ClusterSnapshot['wayIn']> {
  const [urls, authorities] = await Promise.all([
    home.apiUrls(record, signal),
    home.readAuthorities(record, signal),
  ])
  const { serviceType: type } = record.spec.endpoint
  if (authorities === undefined || type === 'auto') return undefined
  const reached = await firstReachable(apiTargets(record, authorities.ca.cert, urls), signal)
  return { type, isReached: reached !== undefined }
}

async function lookAtKubeconfig(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  request: DoctorRequest,
  signal: AbortSignal,
): Promise<ClusterSnapshot['kubeconfig']> {
  const text = await request.kubeconfig?.(signal)
  if (text === undefined) return undefined
  const [urls, authorities] = await Promise.all([
    home.apiUrls(record, signal),
    home.readAuthorities(record, signal),
  ])
  if (authorities === undefined) return undefined
  return { local: readKubeconfig(text, new Date()), authority: authorities.ca.cert, urls }
}
