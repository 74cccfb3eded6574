import type { KindRef, KubeApi, KubeObject } from 'knest'
import { never } from './cluster.js'

interface Managed {
  readonly managedFields?: readonly { readonly manager?: string }[]
}

/** Made by controllers of the host by themselves, of what is looked at. */
const ofControllers = new Set([
  'Endpoints',
  'Event',
  'EndpointSlice',
  'ControllerRevision',
  'PodMetrics',
  'NodeMetrics',
])

/** Objects of every kind that the host serves. */
export async function allObjects(api: KubeApi): Promise<readonly KubeObject[]> {
  const { groups } = JSON.parse((await api.raw('/apis', never)).body) as {
    readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[]
  }
  const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)]
  return (await Promise.all(versions.map((version) => objectsOf(api, version)))).flat()
}

async function objectsOf(api: KubeApi, apiVersion: string): Promise<readonly KubeObject[]> {
  const { status, body } = await api.raw(apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`, never)
  if (status !== 200) return []
  const { resources } = JSON.parse(body) as {
    readonly resources: readonly {
      readonly name: string
      readonly kind: string
      readonly verbs: readonly string[] | null
    }[]
  }
  const kinds = resources.filter(
    ({ name, kind, verbs }) =>
      !name.includes('/') && verbs?.includes('list') === true && !ofControllers.has(kind),
  )
  const lists = await Promise.all(
    kinds.map(async ({ kind }) => {
      const found = await api.list({ apiVersion, kind }, { signal: never })
      return found.map((object) => ({ ...object, apiVersion, kind }))
    }),
  )
  return lists.flat()
}

/** Whether knest wrote the object itself: the host notes who did. */
export function isWrittenByKnest({ metadata }: KubeObject): boolean {
  const { managedFields = [] } = metadata as Managed
  return managedFields.some(({ manager }) => manager === 'knest')
}

/** A pod or a claim that the host made for a StatefulSet. */
export function isMadeForSet({ kind, metadata }: KubeObject): boolean {
  return ['Pod', 'PersistentVolumeClaim'].includes(kind) && metadata.labels?.['knest.dev/node'] !== undefined
}

/** What an object is but for what the host notes of itself. */
export function whole(object: KubeObject): unknown {
  const isNoted = ([name]: readonly [string, unknown]): boolean =>
    ['status', 'managedFields', 'resourceVersion', 'deployment.kubernetes.io/revision'].includes(name)
  const kept = (part: object): object =>
    Object.fromEntries(Object.entries(part).filter((entry) => !isNoted(entry)))
  const { annotations = {} } = object.metadata
  return { ...kept(object), metadata: { ...kept(object.metadata), annotations: kept(annotations) } }
}

export function titleOf({ kind, metadata: { name } }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return `${kind} "${name}"`
}

export function kindOf({ apiVersion, kind }: KubeObject): KindRef {
  return { apiVersion, kind }
}

const pod = {
  selector: { matchLabels: { app: 'mine' } },
  template: {
    metadata: { labels: { app: 'mine' } },
    spec: { containers: [{ name: 'mine', image: 'localhost/mine:1' }] },
  },
}

const bindsNobody = {
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'e2e-absent' },
  subjects: [],
}

/** What somebody else would have under such a name; nothing of it runs. */
const contents: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Service: { spec: { selector: { app: 'mine' }, ports: [{ port: 80 }] } },
  Secret: { data: { mine: Buffer.from('mine').toString('base64') } },
  StatefulSet: { spec: { ...pod, replicas: 0, serviceName: 'mine' } },
  Deployment: { spec: { ...pod, replicas: 0 } },
  Pod: { spec: { ...pod.template.spec, nodeSelector: { 'e2e.knest.dev/nowhere': 'true' } } },
  PersistentVolumeClaim: {
    spec: {
      storageClassName: 'e2e-absent',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Mi' } },
    },
  },
  Lease: { spec: { holderIdentity: 'mine' } },
  Namespace: {},
  ServiceAccount: {},
  ClusterRole: { rules: [] },
  ClusterRoleBinding: bindsNobody,
  Role: { rules: [] },
  RoleBinding: bindsNobody,
  ValidatingAdmissionPolicy: {
    spec: {
      failurePolicy: 'Ignore',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['e2e.knest.dev'],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['nothing'],
          },
        ],
      },
      validations: [{ expression: 'true' }],
    },
  },
  ValidatingAdmissionPolicyBinding: { spec: { policyName: 'e2e-absent', validationActions: ['Audit'] } },
}

/** One of that kind and name that somebody else made. Throws for a kind of which nobody has said what it holds. */
export function foreignOf(object: KubeObject, namespace?: string): KubeObject {
  const { apiVersion, kind, metadata } = object
  const content = contents[kind]
  if (content === undefined) throw new Error(`what would a ${kind} of somebody else hold? Say so here`)
  return {
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: namespace ?? metadata.namespace }),
      labels: { 'e2e.knest.dev/mine': 'true' },
      annotations: { 'e2e.knest.dev/note': 'leave me alone' },
    },
    ...content,
  }
}
