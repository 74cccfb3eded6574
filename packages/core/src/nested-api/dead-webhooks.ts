import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'

/** An admission webhook that nobody answers for and that refuses what it is not asked about. */
export interface DeadWebhook {
  /** Of its configuration, as kubectl takes it. */
  readonly kind: string
  readonly configuration: string
  readonly webhook: string
  /** `NAMESPACE/NAME`. */
  readonly service: string
}

const group = 'admissionregistration.k8s.io/v1'
const kinds = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'] as const
const serviceLabel = 'kubernetes.io/service-name'

interface Webhook {
  readonly name: string
  readonly failurePolicy?: string
  readonly clientConfig?: { readonly service?: { readonly namespace: string; readonly name: string } }
}

/** Asks who is behind the webhooks; of clusters without any that costs two lists. */
export async function askDeadWebhooks(
  api: Pick<KubeApi, 'list'>,
  signal: AbortSignal,
): Promise<readonly DeadWebhook[]> {
  const configurations = await Promise.all(
    kinds.map((kind) => api.list({ apiVersion: group, kind }, { signal })),
  )
  const found = configurations.flatMap((list, index) =>
    list.flatMap((object) => webhooksOf(kinds[index] ?? '', object)),
  )
  if (found.length === 0) return []
  const slices = await api.list(
    { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
    { labelSelector: serviceLabel, signal },
  )
  return deadWebhooks(found, slices)
}

/** Those that refuse when nobody answers, with a Service: one elsewhere cannot be looked at. */
function webhooksOf(kind: string, object: KubeObject): readonly DeadWebhook[] {
  const { webhooks = [] } = object as unknown as { webhooks?: readonly Webhook[] }
  return webhooks.flatMap(({ name, failurePolicy, clientConfig }) => {
    const service = clientConfig?.service
    if (service === undefined || failurePolicy === 'Ignore') return []
    const { name: configuration } = object.metadata
    return [{ kind, configuration, webhook: name, service: `${service.namespace}/${service.name}` }]
  })
}

/** Those whose Service has nobody who is ready. Pure. */
function deadWebhooks(
  webhooks: readonly DeadWebhook[],
  slices: readonly KubeObject[],
): readonly DeadWebhook[] {
  const answering = new Set(slices.filter(isAnswering).map(serviceOf))
  return webhooks.filter(({ service }) => !answering.has(service))
}

function serviceOf({ metadata: { namespace = '', labels } }: KubeObject): string {
  return `${namespace}/${labels?.[serviceLabel] ?? ''}`
}

function isAnswering(slice: KubeObject): boolean {
  const { endpoints } = slice as unknown as {
    endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null
  }
  // Not said counts as ready.
  return endpoints?.some(({ conditions }) => conditions?.ready !== false) === true
}
