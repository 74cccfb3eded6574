import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectionOverrides } from 'knest'
import { openKube } from 'knest/kube'
import { within } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { KubeconfigCase } from './support/kubeconfig-case.js'
import { kubeconfigCases } from './support/kubeconfig-cases.js'
import { openConnectProxy, openSocksProxy, type NamingProxy } from './support/proxies.js'
import { findKubectl } from './support/readme.js'

const run = promisify(execFile)
const kubectl = findKubectl()
if (kubectl === undefined)
  console.log('skipped: there is no kubectl on PATH, and none from hack/build-images, to compare knest with')

/** The folders of both: what is known when the test runs, by its name in a case. */
let root: string
let known: ReadonlyMap<string, string>
const proxies: NamingProxy[] = []

beforeAll(async () => {
  if (kubectl === undefined) return
  root = mkdtempSync(join(tmpdir(), 'knest-e2e-kubeconfig-'))
  // One file is all programs of Kubernetes: it acts as the one it is called as.
  symlinkSync(kubectl, join(root, 'kubectl'))
  const home = createHome()
  const call = async (...args: string[]) =>
    (await run(join(root, 'kubectl'), ['--context', hostContext, ...args], { env: home.env })).stdout.trim()
  const view = JSON.parse(await call('config', 'view', '--raw', '--flatten', '--minify', '-o', 'json')) as {
    clusters: [{ cluster: Record<string, string> }]
    users: [{ user: Record<string, string> }]
  }
  const token = await call('create', 'token', 'default')
  home.remove()
  const [{ cluster }] = view.clusters
  const [{ user }] = view.users
  const server = cluster.server ?? ''
  const { hostname: host, port } = new URL(server)
  const to = { host, port: Number(port) }
  const [proxy, asking, socks] = await Promise.all([
    openConnectProxy(to),
    openConnectProxy(to, 'me:p@ss'),
    openSocksProxy(to),
  ])
  proxies.push(proxy, asking, socks)
  known = new Map([
    ['server', server],
    ['SERVER', server.replace('https', 'HTTPS')],
    ['address', `${host}:${port}`],
    ['host', host],
    ['token', token],
    ['ca', cluster['certificate-authority-data'] ?? ''],
    ['cert', user['client-certificate-data'] ?? ''],
    ['key', user['client-key-data'] ?? ''],
    ['proxy', proxy.address],
    ['asking', asking.address],
    ['socks', socks.address],
    ['dead', '127.0.0.1:1'],
  ])
})

afterAll(async () => {
  for (const proxy of proxies) await proxy.close()
  if (kubectl !== undefined) rmSync(root, { recursive: true })
})

function filled(text: string, folder: string): string {
  return text.replace(/\{\{(\w+)(?:\|(\w+))?\}\}/g, (_all, name: string, form: string | undefined) => {
    const value = name === 'folder' ? folder : (known.get(name) ?? '')
    const plain = form === undefined ? value : Buffer.from(value, 'base64').toString('utf8')
    // The shell's printf reads the escapes of JSON once.
    return form === 'json' ? JSON.stringify(plain).slice(1, -1).replaceAll('\\', '\\\\') : plain
  })
}

interface Place {
  readonly env: Readonly<Record<string, string>>
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly flags: ConnectionOverrides
}

function write({ kubeconfig, files = {}, env = {}, explicit, context, flags = {} }: KubeconfigCase): Place {
  const folder = mkdtempSync(join(root, 'case-'))
  const text = typeof kubeconfig === 'string' ? kubeconfig : JSON.stringify(kubeconfig, null, 1)
  for (const [name, content] of Object.entries({ config: text, ...files })) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, filled(content, folder))
    if (content.startsWith('#!')) chmodSync(file, 0o755)
  }
  const given = Object.entries({ KUBECONFIG: '{{folder}}/config', ...env })
  return {
    env: { HOME: folder, ...Object.fromEntries(given.map(([name, value]) => [name, filled(value, folder)])) },
    kubeconfig: explicit === true ? join(folder, 'config') : undefined,
    context,
    flags: JSON.parse(filled(JSON.stringify(flags), folder)) as ConnectionOverrides,
  }
}

/** As they are typed. */
function typed(flags: ConnectionOverrides): readonly string[] {
  return Object.entries(flags).flatMap(([name, value]: [string, string | boolean | readonly string[]]) => {
    const flag = `--${name.replace('asGroups', 'asGroup').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return (Array.isArray(value) ? value : [value]).map((each) => `${flag}=${String(each)}`)
  })
}

const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }

/** Undefined when it refuses. */
type WhoAmI = Readonly<Record<string, unknown>> | undefined

async function asKubectl({
  env,
  kubeconfig,
  context,
  flags: given,
}: Place): Promise<{ who: WhoAmI; said: string }> {
  const flags = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
    ...typed(given),
  ]
  const call = run(join(root, 'kubectl'), ['auth', 'whoami', '-o', 'json', ...flags], {
    env: { PATH: process.env.PATH ?? '', ...env },
    timeout: 60_000,
  })
  // Whoever asks for a user name there gets no answer.
  call.child.stdin?.end()
  try {
    return { who: userOf((await call).stdout), said: '' }
  } catch (error) {
    return { who: undefined, said: String((error as { stderr?: string }).stderr) }
  }
}

async function asKnest({ kubeconfig, context, flags }: Place): Promise<{ who: WhoAmI; said: string }> {
  try {
    const kube = await openKube({ kubeconfig, context, ...flags })
    try {
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
      const { status, body } = await kube.raw(path, within(60_000), { method: 'POST', body: review })
      return status === 201 ? { who: userOf(body), said: '' } : { who: undefined, said: body }
    } finally {
      kube.close()
    }
  } catch (error) {
    return { who: undefined, said: String(error) }
  }
}

function userOf(text: string): WhoAmI {
  const { status } = JSON.parse(text) as { status: { userInfo: { groups?: string[] } } }
  return { ...status.userInfo, groups: [...(status.userInfo.groups ?? [])].sort() }
}

describe.skipIf(kubectl === undefined)('knest and kubectl are the same user, or both refuse:', () => {
  let before: NodeJS.ProcessEnv

  beforeEach(() => {
    before = { ...process.env }
    for (const name of Object.keys(process.env))
      if (
        /^(https?_proxy|no_proxy|kubeconfig|kubernetes_service_host|ssl_cert_(file|dir)|node_tls_reject_unauthorized)$/i.test(
          name,
        )
      )
        Reflect.deleteProperty(process.env, name)
  })

  afterEach(() => {
    process.env = before
  })

  it.each(kubeconfigCases)('$report', async (line) => {
    const place = write(line)
    Object.assign(process.env, place.env)
    const [theirs, ours] = await Promise.all([asKubectl(place), asKnest(place)])
    expect(ours.who, `kubectl said: ${theirs.said}\nknest said: ${ours.said}`).toEqual(theirs.who)
    expect(theirs.who !== undefined, `kubectl said: ${theirs.said}`).toBe(line.works)
    // A mistake of the user, told as one.
    if (ours.who === undefined) expect(ours.said).not.toMatch(/TypeError|at file:/)
  })
})
