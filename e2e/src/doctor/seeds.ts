import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from 'knest'
import { never } from '../support/cluster.js'
import type { Place } from './place.js'

const secretKind = { apiVersion: 'v1', kind: 'Secret' }
const system = 'kube-system'

/** Puts secrets where somebody may have them in and around the cluster; gives all that must be in no bundle. */
export async function seed(place: Place): Promise<readonly string[]> {
  const { name, namespace, host, controlPlane } = place
  const fresh = (): string => `S33d${randomBytes(15).toString('hex')}`
  const [password, key, variable, header, flag] = [fresh(), fresh(), fresh(), fresh(), fresh()]
  const token = `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`
  const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----`
  const labels = { 'knest.dev/cluster': name }
  const ofHost = { ...secretKind, metadata: { name: 'seed', namespace, labels }, stringData: { password } }
  await host.create(ofHost, { signal: never })
  for (const object of [seedSecret({ password, token }), seedPod({ variable, header, pem })])
    await place.try(['shell', name, '--', 'kubectl', 'apply', '-f', '-'], { input: JSON.stringify(object) })
  const lines = [`kubeadm join --token ${token}`, `--certificate-key ${flag}`, `password=${password}`, pem]
  const text = Buffer.from(`${lines.join('\n')}\n`).toString('base64')
  await place.script(controlPlane, `echo ${text} | base64 -d >/var/log/knest/seed.log`)
  const seeds = [password, key, variable, header, flag, token]
  return [...seeds, ...seeds.map((each) => Buffer.from(each).toString('base64')), ...(await own(place))]
}

function seedSecret(stringData: Readonly<Record<string, string>>): KubeObject {
  return { ...secretKind, metadata: { name: 'seed', namespace: system }, stringData }
}

/** One of those whose logs are exported. */
function seedPod(said: {
  readonly variable: string
  readonly header: string
  readonly pem: string
}): KubeObject {
  const print = `echo "Authorization: Bearer ${said.header}"; echo "${said.pem}"; exec busybox sleep 86400`
  const container = {
    name: 'seed',
    image: 'localhost/knest/busybox:1',
    imagePullPolicy: 'Never',
    env: [
      { name: 'DB_PASSWORD', value: said.variable },
      { name: 'PRINT', value: `DB_PASSWORD=${said.variable}` },
    ],
    command: ['sh', '-c', `echo "$PRINT"; ${print}`],
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'seed', namespace: system },
    spec: {
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
      containers: [container],
    },
  }
}

/** Keys that knest made for the cluster. */
async function own({ host, namespace }: Place): Promise<readonly string[]> {
  const secrets = await host.list(secretKind, { namespace, signal: never })
  const texts = secrets
    .flatMap(({ data }) => Object.values((data ?? {}) as Record<string, string>))
    .map((value) => Buffer.from(value, 'base64').toString())
  return texts.flatMap((text) => [
    ...(/-----BEGIN [A-Z ]*PRIVATE KEY-----\n([^-]*)/.exec(text)?.[1]?.trim().split('\n') ?? []),
    ...(/client-key-data: (\S+)/.exec(text)?.slice(1) ?? []),
  ])
}

/** All that `knest logs export` writes, as one text. */
export async function exported({ name, knest }: Place): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'knest-logs-'))
  try {
    const target = join(folder, 'logs')
    await knest('logs', 'export', name, target)
    return readdirSync(target, { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
