import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packBundle } from '../kubeadm/bundle.js'
import { changeSettingsScript, inBundle, kubeletConfigPath, readSettingsScript } from './settings-scripts.js'

const api = 'kube-apiserver'
const manifest = `/etc/kubernetes/manifests/${api}.yaml`
const policy = '/etc/kubernetes/audit/policy.yaml'
const old = '/etc/kubernetes/old.yaml'
const marker = '/var/lib/knest/settings'
const before = '/var/lib/knest/before-settings'

let root: string
const at = (path: string): string => join(root, path)
const has = (path: string): boolean => existsSync(at(path))
const read = (path: string): string => readFileSync(at(path), 'utf8')
const write = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'knest-settings-scripts-'))
  mkdirSync(at('/run/knest'), { recursive: true })
  write(manifest, 'former')
  write(kubeletConfigPath, 'healthzPort: 0')
  write(old, 'old')
  write(marker, 'former\n')
  // What runs is what the manifest says, as soon as there is a kubelet; a component that is to fail starts again and again.
  const [found, running] = [at(manifest), at('/running')]
  // One that flaps answers whenever it is there, and is never there for long.
  program(
    'pgrep',
    `grep -q bad ${at(kubeletConfigPath)} || cp ${found} ${running}; grep -q bad ${running} && exit 1; ! grep -q flaps ${running} || ((RANDOM % 2)) || exit 1; cksum ${running} | cut -c 1-9`,
  )
  program('ps', `grep -q flaps ${running} && echo 0 || echo 60`)
  program('stat', `grep -qE 'bad|flaps' ${running} || exit 0; printf '/var/log/pods/a/0.log %s\\n' $RANDOM`)
  program('kubectl', '')
  program('sleep', '')
  program(
    'systemctl',
    `[ "$1" != show ] || { grep -q bad ${at(kubeletConfigPath)} && echo $RANDOM || echo 7; }`,
  )
  program(
    'kubeadm',
    `echo "$KUBEADM_WRITES" >"$KUBEADM_INIT_DRYRUN_DIR/${api}.yaml"; [ "$KUBEADM_WRITES" != wrong ] || { echo 'unknown field'; exit 1; }`,
  )
})
afterEach(() => rmSync(root, { recursive: true }))

function program(name: string, script: string): void {
  write(`/bin/${name}`, `#!/bin/bash\n${script}\n`)
  chmodSync(at(`/bin/${name}`), 0o755)
}

interface Wanted {
  readonly written?: string
  readonly kubelet?: string
  readonly files?: Readonly<Record<string, string>>
  readonly gone?: readonly string[]
  readonly digest?: string
}

/** Runs it as on a node, but for the place of its files. */
async function change({
  written = 'former',
  kubelet = 'healthzPort: 0',
  files = {},
  gone = [],
  digest = 'new',
}: Wanted): Promise<string> {
  const script = changeSettingsScript({ digest, components: [api], seconds: 8 })
  const moved = script
    .replaceAll('/etc/kubernetes', `${root}/etc/kubernetes`)
    .replaceAll('/var/', `${root}/var/`)
    .replaceAll('/run/knest', `${root}/run/knest`)
  const stdin = await packBundle([
    ...Object.entries({ ...files, [kubeletConfigPath]: kubelet }).map(([path, content]) => ({
      path: `${inBundle.files}${at(path)}`,
      content,
      mode: 0o600,
    })),
    { path: inBundle.gone, content: gone.map((path) => `${at(path)}\n`).join(''), mode: 0o600 },
    { path: inBundle.config, content: '', mode: 0o600 },
    { path: inBundle.kept, content: '{}\n', mode: 0o600 },
  ])
  const env = { PATH: `${at('/bin')}:${process.env.PATH ?? ''}`, KUBEADM_WRITES: written }
  const options = { env, encoding: 'utf8', stdio: 'pipe', input: stdin } as const
  return execFileSync('bash', ['-c', `set -euo pipefail\n${moved}`], options)
}

const leftOver = (): readonly string[] => [
  ...readdirSync(at('/run/knest')),
  ...readdirSync(at('/etc/kubernetes/manifests')).filter((name) => name !== `${api}.yaml`),
]

test('what changes is in place, and what goes is gone', async () => {
  const said = await change({ written: 'new', files: { [policy]: 'rules' }, gone: [old] })
  expect(said).toBe('done\n')
  expect([read(manifest), read(policy), read(kubeletConfigPath), read(marker)]).toEqual([
    'new\n',
    'rules',
    'healthzPort: 0',
    'new\n',
  ])
  expect([has(old), has(before)]).toEqual([false, false])
  expect(leftOver()).toEqual([])
})

test.each<[string, Wanted, RegExp]>([
  ['a component that ends again', { written: 'bad' }, /^refused kube-apiserver /],
  ['a component that answers and ends again', { written: 'flaps' }, /^refused kube-apiserver /],
  ['a kubelet that ends again', { written: 'new', kubelet: 'bad' }, /^refused kubelet /],
  ['settings that kubeadm does not take', { written: 'wrong' }, /^refused kubeadm unknown field\n$/],
])('%s gives the node back what it had', async (_title, wanted, message) => {
  write(kubeletConfigPath, 'healthzPort: 0 # former')
  const said = await change({ ...wanted, files: { [policy]: 'rules' }, gone: [old] })
  expect(said).toMatch(message)
  expect(said).not.toContain('broken')
  expect([read(manifest), read(kubeletConfigPath), read(old)]).toEqual([
    'former',
    'healthzPort: 0 # former',
    'old',
  ])
  expect([has(policy), has(before)]).toEqual([false, false])
  expect(leftOver()).toEqual([])
})

test('one that was cut off keeps what was before it, and goes on', async () => {
  write(`${before}/kept.json`, 'kept')
  write(`${before}/files${at(manifest)}`, 'first')
  write(`${before}/absent`, `${at(policy)}\n`)
  write(policy, 'half')
  expect(await change({ written: 'bad', files: { [policy]: 'rules' } })).toMatch(/^refused kube-apiserver/)
  expect([read(manifest), has(policy), has(before)]).toEqual(['first', false, false])
})

test('a component that is not well with what was before either is told', async () => {
  write(manifest, 'bad already')
  expect(await change({ written: 'bad too' })).toMatch(/^refused kube-apiserver .*\nbroken kube-apiserver\n$/)
  expect(has(marker)).toBe(false)
})

test('what a node has of settings is read', () => {
  const moved = readSettingsScript.replaceAll('/etc/', `${root}/etc/`).replaceAll('/var/', `${root}/var/`)
  expect(execFileSync('bash', ['-c', moved], { encoding: 'utf8' })).toBe(
    '= kubelet\nhealthzPort: 0= certificate\n',
  )
})
