import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKube } from 'knest/kube'
import type { KubeApi, KubeObject } from 'knest'
import { parse, stringify } from 'yaml'
import { createCluster, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { storedValue } from './support/etcd.js'
import { createHome } from './support/home.js'
import { openIssuer } from './support/issuer.js'
import type { Issuer } from './support/issuer.js'
import { busyAndScaled, metricsServer, metricsServerImage } from './support/metrics-server.js'
import { secondsUntil } from './support/until.js'
import { addressForHost } from './support/webhook.js'

const name = 'e2e-upstream'
const namespace = `knest-${name}`
const secretKind = { apiVersion: 'v1', kind: 'Secret' }
const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong)
  console.log("skipped: the examples of Kubernetes' documentation: hack/test --long has time for them")

/** A flag of the API server that names a file: where that comes from. */
interface Example {
  readonly flag: string
  readonly file: { readonly content: string } | { readonly secret: { readonly name: string } }
}

const encryption: Example = {
  flag: 'encryption-provider-config',
  file: { secret: { name: 'encryption' } },
}

function authenticationBy({ url, ca }: Issuer): Example {
  const prefixed = (claim: string): object => ({ claim, prefix: 'oidc:' })
  const content = stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: { url, audiences: ['my-cluster'], certificateAuthority: ca },
        claimMappings: { username: prefixed('sub'), groups: prefixed('groups') },
      },
    ],
  })
  return { flag: 'authentication-config', file: { content } }
}

/** A cluster file with all of them, as docs/kubernetes-settings.md writes each. */
function clusterWith(examples: readonly Example[]): object {
  const folder = ({ flag }: Example): string => `/etc/kubernetes/${flag}`
  const extraArgs = examples.map((example) => ({
    name: example.flag,
    value: `${folder(example)}/config.yaml`,
  }))
  const extraVolumes = examples.map((example) => ({
    name: example.flag,
    hostPath: folder(example),
    mountPath: folder(example),
    readOnly: true,
  }))
  const files = examples.map((example) => ({
    path: `${folder(example)}/config.yaml`,
    ...('content' in example.file
      ? example.file
      : { secret: { ...example.file.secret, key: 'config.yaml' } }),
  }))
  return {
    apiVersion: 'knest.dev/v1alpha1',
    kind: 'NestedCluster',
    metadata: { name },
    spec: {
      workers: [{ name: 'worker', count: 0 }],
      ...(examples.length > 0 ? { kubernetes: { apiServer: { extraArgs, extraVolumes }, files } } : {}),
    },
  }
}

// The tests go on from each other.
describe.runIf(isLong)("examples of Kubernetes' documentation", () => {
  const home = createHome()
  let host: KubeApi
  let cluster: TestCluster
  let issuer: Issuer | undefined

  const write = (examples: readonly Example[]): string => {
    const path = join(home.path, 'cluster.json')
    writeFileSync(path, JSON.stringify(clusterWith(examples)))
    return path
  }
  const apply = (...examples: readonly Example[]): Promise<string> =>
    cluster.knest('apply', '-f', write(examples))
  const secret = (secretName: string, where: string, stringData: Record<string, string>): KubeObject => ({
    ...secretKind,
    metadata: { name: secretName, namespace: where },
    stringData,
  })

  beforeAll(async () => {
    host = await openHost(home)
    cluster = await createCluster(name, '--from', write([]))
  })
  afterAll(async () => {
    await host.delete(secretKind, 'encryption', namespace, { signal: never })
    await cluster.remove()
    await issuer?.close()
    host.close()
    home.remove()
  })

  it('Encrypting Confidential Data at Rest: on a living cluster, with a key in a Secret of the host', async () => {
    const create = (secretName: string): Promise<KubeObject> =>
      cluster.api.create(secret(secretName, 'default', { word: `plain-${secretName}` }), { signal: never })
    const stored = (secretName: string): Promise<string> =>
      storedValue(cluster.home, name, `/registry/secrets/default/${secretName}`)
    const isEncrypted = /^k8s:enc:secretbox:v1:key1:(?!.*plain-)/
    await create('older')
    expect(await stored('older')).toMatch(/^k8s\..*plain-older/)

    const configuration = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: { keys: [{ name: key1, secret: ${randomBytes(32).toString('base64')} }] }
      - identity: {}
`
    await host.create(secret('encryption', namespace, { 'config.yaml': configuration }), { signal: never })
    await apply(encryption)

    await create('newer')
    expect(await stored('newer')).toMatch(isEncrypted)
    expect(await stored('older')).not.toMatch(isEncrypted)
    const all = 'kubectl get secrets --all-namespaces -o json | kubectl replace -f -'
    const environment = 'export KUBECONFIG=/etc/kubernetes/admin.conf; set -o pipefail'
    await cluster.knest('ssh', name, 'cp-0', '--', 'bash', '-c', `${environment}; ${all}`)
    expect(await stored('older')).toMatch(isEncrypted)
    for (const secretName of ['older', 'newer']) {
      const read = await cluster.api.get(secretKind, secretName, 'default', never)
      const { word = '' } = read?.data as Record<string, string>
      expect(Buffer.from(word, 'base64').toString()).toBe(`plain-${secretName}`)
    }
  })

  it('Authenticating: by an OpenID Connect issuer', async ({ skip }) => {
    const address = await addressForHost(host)
    if (address === undefined) return skip('nodes of this host do not reach an issuer on this machine')
    issuer = await openIssuer(home, address)
    await apply(encryption, authenticationBy(issuer))

    /** What the API server says to the bearer of a token: the status of its answer, and who it is. */
    const whoami = async (token: string): Promise<{ readonly code: number }> => {
      const kubeconfig = parse(readFileSync(cluster.kubeconfigPath, 'utf8')) as { users: { user: object }[] }
      for (const each of kubeconfig.users) each.user = { token }
      const api = await openKube({ kubeconfigText: stringify(kubeconfig) })
      try {
        const [apiVersion, kind] = ['authentication.k8s.io/v1', 'SelfSubjectReview']
        const request = { method: 'POST', body: { apiVersion, kind } } as const
        const { status, body } = await api.raw(`/apis/${apiVersion}/selfsubjectreviews`, never, request)
        return { code: status, ...(JSON.parse(body) as { readonly status: object }) }
      } finally {
        api.close()
      }
    }
    const claims = { sub: 'alice', aud: 'my-cluster', groups: ['developers', 'testers'] }
    const { token, forged } = issuer
    // It asks the issuer for its keys beside its start.
    const isKnown = async (): Promise<boolean> => (await whoami(token(claims))).code === 201
    await secondsUntil(isKnown, 60, 'a token of the issuer to be accepted')
    expect(await whoami(token(claims))).toMatchObject({
      status: {
        userInfo: {
          username: 'oidc:alice',
          groups: ['oidc:developers', 'oidc:testers', 'system:authenticated'],
        },
      },
    })
    const past = Math.floor(Date.now() / 1000) - 60
    for (const refused of [
      token({ ...claims, aud: 'another-cluster' }),
      token({ ...claims, iat: past - 60, exp: past }),
      token({ ...claims, iss: 'https://issuer.example.com' }),
      forged(claims),
    ])
      expect(await whoami(refused)).toMatchObject({ code: 401 })
  })

  it('Resource metrics pipeline and HorizontalPodAutoscaler Walkthrough: metrics-server by knest load', async () => {
    const image = metricsServerImage()
    await cluster.knest('load', name, image)
    for (const object of metricsServer(image)) await cluster.api.apply(object, { signal: never })
    for (const object of busyAndScaled('busy')) await cluster.api.apply(object, { signal: never })

    const kubectl = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf']
    let top = ''
    const answers = async (): Promise<boolean> => {
      top = await cluster.knest('ssh', name, 'cp-0', '--', ...kubectl, 'top', 'nodes', '--no-headers')
      return top !== ''
    }
    await secondsUntil(answers, 120, 'kubectl top to answer')
    expect(top).toMatch(new RegExp(`^${name}-cp-0 +[1-9]\\d*m +\\d+% +[1-9]\\d*Mi +\\d+% *$`, 'm'))

    await cluster.api.waitFor(
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      { namespace: 'default' },
      (found) => found.some(({ status }) => (status as { readyReplicas?: number }).readyReplicas === 2),
      {
        timeoutMs: 240_000,
        signal: never,
        awaited: 'the HorizontalPodAutoscaler to give the Deployment a second replica',
        describe: (found) => JSON.stringify(found.map(({ status }) => status as unknown)),
      },
    )
  })
})
