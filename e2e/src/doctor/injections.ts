import type { KubeObject } from 'knest'
import type { Fault } from './fault.js'
import type { Place } from './place.js'

type Inject = Fault['inject']

async function applyNested(place: Place, object: KubeObject): Promise<void> {
  const words = ['shell', place.name, '--', 'kubectl', 'apply', '-f', '-']
  const { code, stderr } = await place.try(words, { input: JSON.stringify(object) })
  if (code !== 0) throw new Error(stderr)
}

/** Makes an object of the host. */
export async function applyBeside(place: Place, object: KubeObject): Promise<void> {
  await place.paste(`kubectl --context ${place.context} apply -f - <<'EOF'\n${JSON.stringify(object)}\nEOF`)
}

/** Gives a part of the first control plane a flag that it does not know. */
export function flagged(part: string, node = ({ controlPlane }: Place): string => controlPlane): Inject {
  const flag = String.raw`s/^\( *\)- ${part}$/&\n\1- --not-there=1/`
  return (place) => place.script(node(place), `sed -i '${flag}' /etc/kubernetes/manifests/${part}.yaml`)
}

function selectNodes(name: string, namespace: string, nodeSelector: object): Inject {
  const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } })
  return ({ kubectl }) => kubectl('patch', 'daemonset', name, '-n', namespace, '-p', patch)
}

export function runNowhere(name: string, namespace: string): Inject {
  return selectNodes(name, namespace, { 'knest-test': 'nowhere' })
}

export function runAgain(name: string, namespace: string): NonNullable<Fault['byHand']> {
  return selectNodes(name, namespace, { 'knest-test': null })
}

/** A pod among those that the cluster itself needs. */
export function pod(name: string, container: object): Inject {
  return (place) =>
    applyNested(place, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'kube-system' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'it',
            image: 'localhost/knest/busybox:1',
            imagePullPolicy: 'Never',
            command: ['busybox', 'sleep', '86400'],
            ...container,
          },
        ],
      },
    })
}

/** One that is asked about every ConfigMap, with nobody behind it. */
export function webhook(kind: string): Inject {
  return (place) => applyNested(place, webhookOf(kind, 'policies', 'configmaps'))
}

export function webhookOf(kind: string, name: string, resource: string, only?: string): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks: [
      {
        name: 'all.guard.test',
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 1,
        clientConfig: { service: { namespace: 'guard', name: 'gate' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: [resource] }],
        ...(only === undefined
          ? {}
          : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': only } } }),
      },
    ],
  }
}
