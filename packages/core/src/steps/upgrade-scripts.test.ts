import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { packBundle } from '../kubeadm/bundle.js'
import { writeStaticPodsScript } from '../kubeadm/written-static-pods.js'
import { beginScript, readBeforeScript } from './before-upgrade.js'
import { awaitVersionScript, holdScript, letGoScript, standInScript } from './upgrade-scripts.js'

let root: string
const log = (): string => (existsSync(join(root, 'log')) ? readFileSync(join(root, 'log'), 'utf8') : '')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'knest-upgrade-scripts-'))
  for (const directory of ['bin', 'etc/kubernetes/manifests', 'var/lib/knest', 'var/lib/kubelet'])
    mkdirSync(join(root, directory), { recursive: true })
  writeFileSync(join(root, 'etc/kubernetes/kubelet.conf'), 'mine')
})

function program(name: string, script: string): void {
  const path = join(root, 'bin', name)
  writeFileSync(path, `#!/bin/bash\necho "${name} $*" >>${root}/log\n${script}`)
  chmodSync(path, 0o755)
}

/** Runs it as on a node, but for the place of its files. */
function run(script: string, input: string | Buffer = ''): string {
  const moved = script
    .replaceAll('/etc/kubernetes', `${root}/etc/kubernetes`)
    .replaceAll('/var/lib', `${root}/var/lib`)
    .replaceAll('-C /', `-C ${root}/`)
  const env = { PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}` }
  const options = { env, encoding: 'utf8', stdio: 'pipe', input } as const
  return execFileSync('bash', ['-c', `set -euo pipefail\n${moved}`], options)
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

const begun = (what: string): Promise<Buffer> =>
  packBundle([{ path: '/var/lib/knest/before-upgrade/configuration.json', content: what, mode: 0o600 }])

test('the marker remembers how the node was before the first begin', async () => {
  run(beginScript(true), await begun('first'))
  run(beginScript(false), await begun('second'))
  expect(readFileSync(join(root, 'var/lib/knest/upgrading'), 'utf8').trim()).toBe('cordoned')
  expect(run(readBeforeScript)).toBe('first= flags\n')
})

test('what was on the node before an upgrade is kept aside, of the last one', async () => {
  const [manifest, aside] = ['etc/kubernetes/manifests/etcd.yaml', 'var/lib/knest/before-upgrade']
  writeFileSync(join(root, manifest), 'mine')
  writeFileSync(join(root, 'var/lib/kubelet/kubeadm-flags.env'), 'flags')
  run(beginScript(false), await begun('{}'))
  writeFileSync(join(root, manifest), "kubeadm's")
  run(beginScript(false), await begun('{}'))
  expect(readFileSync(join(root, aside, 'manifests/etcd.yaml'), 'utf8')).toBe('mine')
  rmSync(join(root, 'var/lib/knest/upgrading'))
  // Of another upgrade: nobody takes it for this one's.
  expect(run(readBeforeScript)).toBe('= flags\nflags')
  run(beginScript(false), await begun('{}'))
  expect(readFileSync(join(root, aside, 'manifests/etcd.yaml'), 'utf8')).toBe("kubeadm's")
})

test('kubeadm says what it would write, and nothing of it is left', async () => {
  mkdirSync(join(root, 'run/knest'), { recursive: true })
  writeFileSync(
    join(root, 'etc/kubernetes/manifests/kube-apiserver.yaml'),
    '- --advertise-address=10.0.0.9\n',
  )
  program(
    'kubeadm',
    `[[ $* == *--dry-run ]] || exit 3
[[ $* == *etcd* ]] && pod=etcd || pod=kube-apiserver
cp "\${@: -2:1}" "$KUBEADM_INIT_DRYRUN_DIR/$pod.yaml"
`,
  )
  const input = await packBundle([{ path: 'kubeadm.yaml', content: 'address: 192.0.2.1\n', mode: 0o600 }])
  const written = '= written\naddress: 10.0.0.9\n'
  expect(run(writeStaticPodsScript.replaceAll('/run/knest', `${root}/run/knest`), input)).toBe(
    `= etcd\n${written}= kube-apiserver\n- --advertise-address=10.0.0.9\n${written}`,
  )
  expect(readdirSync(join(root, 'run/knest'))).toEqual([])
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
