import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { awaitVersionScript, beginScript, holdScript, letGoScript, standInScript } from './upgrade-scripts.js'

let root: string
const log = (): string => (existsSync(join(root, 'log')) ? readFileSync(join(root, 'log'), 'utf8') : '')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'knest-upgrade-scripts-'))
  for (const directory of ['bin', 'etc/kubernetes', 'var/lib/knest'])
    mkdirSync(join(root, directory), { recursive: true })
  writeFileSync(join(root, 'etc/kubernetes/kubelet.conf'), 'mine')
})

function program(name: string, script: string): void {
  const path = join(root, 'bin', name)
  writeFileSync(path, `#!/bin/bash\necho "${name} $*" >>${root}/log\n${script}`)
  chmodSync(path, 0o755)
}

/** Runs it as on a node, but for the place of its files. */
function run(script: string): string {
  const moved = script
    .replaceAll('/etc/kubernetes', `${root}/etc/kubernetes`)
    .replaceAll('/var/lib', `${root}/var/lib`)
  const env = { PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}` }
  return execFileSync('bash', ['-c', `set -euo pipefail\n${moved}`], { env, encoding: 'utf8', stdio: 'pipe' })
}

test('kubelet is held and let go again, however often', () => {
  program('systemctl', '')
  const kubeconfig = join(root, 'etc/kubernetes/kubelet.conf')
  run(holdScript)
  run(holdScript)
  expect(existsSync(kubeconfig)).toBe(false)
  run(letGoScript)
  run(letGoScript)
  expect(readFileSync(kubeconfig, 'utf8')).toBe('mine')
  expect(log()).toBe('systemctl start kubelet\n'.repeat(2))
})

test('the marker remembers how the node was before the first begin', () => {
  run(beginScript(true))
  run(beginScript(false))
  expect(readFileSync(join(root, 'var/lib/knest/upgrading'), 'utf8').trim()).toBe('cordoned')
})

test('the API server is awaited until it says the version', () => {
  program(
    'kubectl',
    `[[ $* != */version ]] || echo '{"gitVersion": "v1.3'$([ -e ${root}/seen ] && echo 5 || echo 4)'.4"}'
[[ $* != */version ]] || touch ${root}/seen
`,
  )
  run(awaitVersionScript('1.35.4', 10))
  expect(log().match(/\/version/g)).toHaveLength(2)
})

test('an API server of another version is told when time is up', () => {
  program('kubectl', `echo '{"gitVersion": "v1.34.4"}'\n`)
  expect(() => run(awaitVersionScript('1.35.4', 0))).toThrow(/not ready with 1.35.4.*v1.34.4/)
})

test('old names stand for new images, where they differ', () => {
  expect(standInScript('1.35.4', '1.34.4')).toBe(
    'ctr -n k8s.io images tag --force registry.k8s.io/kube-proxy:v1.35.4 registry.k8s.io/kube-proxy:v1.34.4 >/dev/null\n' +
      'ctr -n k8s.io images tag --force registry.k8s.io/coredns/coredns:v1.13.1 registry.k8s.io/coredns/coredns:v1.12.1 >/dev/null\n',
  )
  expect(standInScript('1.35.4', '1.35.3').match(/images tag/g)).toHaveLength(1)
})
