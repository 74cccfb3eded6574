import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import type { Outcome } from './support/knest.js'
import { openConnectProxy, type NamingProxy } from './support/proxies.js'
import { createReaderHome, findKubectl, runBlock } from './support/readme.js'

const name = 'e2e-machine'
const node = `${name}-cp-0`
const hasKubectl = findKubectl() !== undefined
if (!hasKubectl)
  console.log('skipped where kubectl is needed: there is none on PATH, nor of hack/build-images')

/** What a user types where something is not as it usually is. */
interface Line {
  readonly name: string
  /** Bash, in the home. */
  readonly line: string
  readonly code?: number
  readonly out?: RegExp
  /** Nothing, if absent. */
  readonly err?: RegExp
  readonly needsKubectl?: boolean
}

const ready = /^e2e-machine .* Ready /m
const files = {
  'even.yaml': cluster({ controlPlane: { count: 2 }, workers: [{ name: 'worker', count: 0 }] }),
  'same.yaml': cluster({ controlPlane: { count: 1 }, workers: [{ name: 'worker', count: 0 }] }),
  'more.yaml': cluster({ controlPlane: { count: 1 }, workers: [{ name: 'worker', count: 1 }] }),
  'fill.mjs': `for (const line of (await import('node:fs')).readFileSync(0, 'utf8').trim().split('\\n')) JSON.parse(line)
console.log('JSON')`,
}

const output: readonly Line[] = [
  {
    name: 'a list that finds no room',
    line: 'knest list >/dev/full',
    code: 3,
    err: /^error: the output .*\n$/,
  },
  { name: 'a list whose reader goes', line: 'knest list -o json | head -c 1', out: /^\{$/ },
  { name: 'closed output', line: 'knest list >&- 2>&-' },
  { name: 'a narrow terminal of no type', line: 'TERM=dumb COLUMNS=20 knest list', out: ready },
  { name: 'a folder that is gone', line: 'mkdir g; cd g; rmdir "$PWD"; knest list', out: ready },
  {
    name: 'progress as JSON lines, warnings among them',
    line: `knest scale ${name} 1: --progress json 2>&1 >/dev/null | node fill.mjs`,
    out: /^JSON$/m,
  },
  {
    name: 'a watch whose reader goes',
    line: `knest status ${name} --watch -o json | head -c 1; echo "\${PIPESTATUS[0]}"`,
    code: 141,
    out: /^\{/,
  },
]

const home: readonly Line[] = [
  {
    name: 'a .kube that is a file: said before anything is made',
    line: 'mkdir h; touch h/.kube; HOME=$PWD/h KUBECONFIG=.kube/config knest create e2e-machine-none',
    code: 3,
    err: /^error: .*\.kube.*\nhint: .*\n$/,
  },
  {
    name: 'a kubeconfig that is a folder: the same',
    line: `mkdir k; knest --kubeconfig .kube/config --context '${hostContext}' kubeconfig ${name} >k/a; KUBECONFIG=k knest list`,
    code: 2,
    err: /^error: kubeconfig "k" cannot be read\n/,
  },
  { name: 'no HOME', line: 'K=$PWD/.kube/config; unset HOME; KUBECONFIG=$K knest list', out: ready },
  {
    name: 'several files, one of which is not there',
    line: `printf '' >first; KUBECONFIG=$PWD/first:$PWD/none:$PWD/.kube/config knest kubeconfig ${name} --merge && KUBECONFIG=$PWD/first:$PWD/.kube/config kubectl --context knest-${name} get --raw /readyz`,
    out: /ok$/,
    err: /context/i,
    needsKubectl: true,
  },
]

const ways: readonly Line[] = [
  {
    name: 'a dead HTTPS_PROXY before a host of this machine, and kubectl in the shell',
    line: `export HTTPS_PROXY=http://127.0.0.1:1; knest shell ${name} -- kubectl get nodes -o name`,
    out: new RegExp(`^node/${node}$`, 'm'),
    needsKubectl: true,
  },
  {
    name: 'an API that only a proxy reaches: requests',
    line: 'HTTPS_PROXY=http://$PROXY knest --kubeconfig named list',
    out: ready,
  },
  {
    name: 'an API that only a proxy reaches: commands',
    line: `HTTPS_PROXY=http://$PROXY knest --kubeconfig named ssh ${name} cp-0 -- hostname`,
    out: new RegExp(`^${node}\n$`),
  },
  {
    name: 'an API that only a proxy reaches, without it',
    line: 'knest --kubeconfig named list',
    code: 3,
    err: /^error: context "named" cannot be reached .* name is unknown\nhint: .*\n$/,
  },
  {
    name: 'a login plugin that is told of itself, and shows a code: once for many requests',
    line: `knest --kubeconfig login status ${name} >/dev/null; wc -l <login.calls`,
    out: /^1$/m,
    err: /^enter WXYZ-0001\n$/,
  },
  {
    name: 'somebody who may be another, and that one may nothing',
    line: 'knest --kubeconfig nobody list',
    code: 3,
    err: /^error: .*"nobody" cannot list .*\nhint: .* -n.*\n$/,
  },
  { name: 'the same with groups that may', line: 'knest --kubeconfig masters list', out: ready },
]

const command: readonly Line[] = [
  { name: 'a plan without changes', line: 'knest plan -f same.yaml', out: /is as the file says$/m },
  { name: 'a plan with changes', line: 'knest plan -f more.yaml', code: 1, out: /worker/ },
  {
    name: 'a plan of no file',
    line: 'knest plan -f none.yaml',
    code: 2,
    err: /^error: cannot read .*\nhint: /,
  },
  {
    name: 'an even number',
    line: 'knest plan -f even.yaml',
    code: 2,
    err: /^error: .*is even.*\n +hint: .*--force\n$/,
  },
  { name: 'an even number, all the same', line: 'knest plan -f even.yaml --force', code: 1, out: /cp-1/ },
  { name: 'what apply did, as JSON', line: 'knest apply -f same.yaml --yes -q -o json', out: /^\{\n/ },
  {
    name: 'a shell that is ended: so is its command, and no key is left',
    line: `knest shell ${name} -- sh -c 'echo "$KUBECONFIG" >key; kill -TERM $PPID; exec sleep 60' || echo $?; test -e "$(cat key)" || echo gone`,
    out: /^143\ngone\n$/,
  },
  {
    name: 'a program that is not there',
    line: `knest shell ${name} -- no-such-program`,
    code: 127,
    err: /not found/,
  },
  { name: 'the code of a program', line: `knest shell ${name} -- sh -c 'exit 7'`, code: 7 },
  {
    name: 'flags that contradict each other',
    line: 'knest list -n a --target-namespace b',
    code: 2,
    err: /^error: /,
  },
]

describe('a machine that says no', () => {
  let reader: TestHome
  let proxy: NamingProxy
  const run = (line: string): Promise<Outcome> =>
    runBlock({ ...reader, env: { ...reader.env, PROXY: proxy.address } }, line)

  beforeAll(async () => {
    reader = createReaderHome()
    const to = writeKubeconfigs(reader)
    proxy = await openConnectProxy({ host: to.hostname, port: Number(to.port) })
    for (const [file, text] of Object.entries(files)) writeFileSync(join(reader.path, file), text)
    // Its reader goes after the first line.
    const created = await run(
      `knest create ${name} --worker-machine-count 0 --no-controller --timeout 5m 2>&1 | head -1`,
    )
    expect(created.code, created.stdout).toBe(0)
  })

  afterAll(async () => {
    const deleted = await run(`knest delete ${name} --ignore-not-found -o json 2>/dev/null | grep -q deleted`)
    await proxy.close()
    reader.remove()
    expect(deleted.code, deleted.stderr).toBe(0)
  })

  it.for([...output, ...home, ...ways, ...command])('$name', async (each, { skip }) => {
    const { line, code = 0, out, err = /^$/, needsKubectl } = each
    skip(needsKubectl === true && !hasKubectl, 'there is no kubectl')
    const { code: ended, stdout, stderr } = await run(line)
    const all = `${line}\n${stdout}${stderr}`
    expect(stdout, all).toMatch(out ?? /^/)
    expect(stderr, all).toMatch(err)
    expect(all).not.toMatch(/^ +at |bug in knest/m)
    expect(ended, all).toBe(code)
  })

  it('nothing was made by what was refused', async () => {
    const { stdout } = await run('knest list -o name')
    expect(stdout.split('\n')).not.toContain('e2e-machine-none')
  })
})

function cluster(spec: object): string {
  return stringify({ apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster', metadata: { name }, spec })
}

interface Named {
  readonly name: string
}
type Group = Readonly<Record<string, unknown>>

/** Others for the same host, each of which asks for something more; gives where its API is. */
function writeKubeconfigs({ path, kubeconfig }: TestHome): URL {
  const { clusters, users, contexts } = parse(readFileSync(kubeconfig, 'utf8')) as {
    readonly clusters: readonly (Named & { readonly cluster: Group & { readonly server: string } })[]
    readonly users: readonly (Named & { readonly user: Group })[]
    readonly contexts: readonly (Named & { readonly context: { cluster: string; user: string } })[]
  }
  const context = contexts.find((each) => each.name === hostContext)?.context
  const at = clusters.find((each) => each.name === context?.cluster)?.cluster ?? { server: '' }
  const admin = users.find((each) => each.name === context?.user)?.user ?? {}
  const write = (file: string, user: Group, more: Group = {}): void => {
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': file },
      clusters: [{ name: 'a', cluster: { ...at, ...more } }],
      users: [{ name: 'a', user }],
      contexts: [{ name: file, context: { cluster: 'a', user: 'a' } }],
    }
    writeFileSync(join(path, file), stringify(config))
  }
  write('named', admin, { server: 'https://api.corp.test:6443', 'tls-server-name': 'kubernetes' })
  write('nobody', { ...admin, as: 'nobody' })
  write('masters', { ...admin, as: 'nobody', 'as-groups': ['system:masters'] })
  const [cert, key] = ['client-certificate-data', 'client-key-data'].map((field) =>
    Buffer.from(String(admin[field]), 'base64').toString(),
  )
  const status = { clientCertificateData: cert, clientKeyData: key }
  const answer = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }
  writeFileSync(join(path, 'answer'), JSON.stringify(answer))
  const plugin = join(path, 'plugin')
  writeFileSync(
    plugin,
    `#!/bin/sh
cd "$(dirname "$0")" && echo run >>login.calls
[ -n "$KUBERNETES_EXEC_INFO" ] || exit 1
echo "enter WXYZ-0001" >&2
cat answer
`,
  )
  chmodSync(plugin, 0o755)
  const exec = { command: './plugin', apiVersion: answer.apiVersion, interactiveMode: 'IfAvailable' }
  write('login', { exec })
  return new URL(at.server)
}
