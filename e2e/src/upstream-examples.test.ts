import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { createCluster, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { storedValue } from './support/etcd.js'
import { createHome } from './support/home.js'

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
})
