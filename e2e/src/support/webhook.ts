import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { KubeApi, KubeObject } from 'knest'
import { never } from './cluster.js'
import type { TestHome } from './home.js'
import { selfSigned } from './self-signed.js'

export interface Webhook {
  close(): Promise<void>
}

interface Review {
  readonly request: { readonly uid: string; readonly object: KubeObject }
}

/** This machine's address in the network of the host's nodes; undefined where they are elsewhere. */
export async function addressForHost(host: KubeApi): Promise<string | undefined> {
  const nodes = await host.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
  const networks = nodes.flatMap(({ status }) => {
    const { addresses = [] } = status as { addresses?: readonly { type: string; address: string }[] }
    return addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => networkOf(address))
  })
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return own.find(({ family, address }) => family === 'IPv4' && networks.includes(networkOf(address)))
    ?.address
}

/** The embedded host has a /24. */
function networkOf(address: string): string {
  return address.split('.').slice(0, 3).join('.')
}

/**
 * A mutating webhook that puts containers before those of every pod in the namespace, as service meshes do. It is a
 * server of this process, on the address by which the host reaches this machine.
 */
export async function addContainers(
  host: KubeApi,
  home: TestHome,
  { namespace, address, containers }: { namespace: string; address: string; containers: readonly object[] },
): Promise<Webhook> {
  const { key, cert } = selfSigned(home, 'webhook', address)
  const server = createServer({ key, cert }, (asked, answer) => {
    let body = ''
    asked.setEncoding('utf8').on('data', (text: string) => (body += text))
    asked.on('end', () => {
      const { request: review } = JSON.parse(body) as Review
      const patch = [
        { op: 'replace', path: '/spec/containers', value: [...containers, ...containersOf(review.object)] },
      ]
      const response = {
        uid: review.uid,
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      }
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  const kind = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' }
  const metadata = { name: `e2e-${namespace}` }
  const webhook = {
    name: 'containers.e2e.knest.dev',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: 10,
    clientConfig: {
      url: `https://${address}:${port}/`,
      caBundle: Buffer.from(cert).toString('base64'),
    },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
  }
  await host.create({ ...kind, metadata, webhooks: [webhook] }, { signal: never })
  return {
    close: async () => {
      await host.delete(kind, metadata.name, undefined, { signal: never })
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function containersOf({ spec }: KubeObject): readonly object[] {
  return (spec as { readonly containers: readonly object[] }).containers
}
