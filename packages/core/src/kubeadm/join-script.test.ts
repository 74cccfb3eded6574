import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { joinScript } from './join-script.js'

/** Runs the script with a program in kubeadm's place, which notes what it is called with. */
async function withFakeKubeadm(behaviour: string): Promise<{ code: number; calls: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'knest-join-'))
  const calls = join(folder, 'calls')
  await writeFile(join(folder, 'kubeadm'), `#!/bin/bash\necho "$*" >>${calls}\n${behaviour}\n`)
  await chmod(join(folder, 'kubeadm'), 0o755)
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}` }
  const code = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${joinScript('/c.yaml')}`], {
    env,
  })
    .then(() => 0)
    .catch((error: unknown) => (error as { code: number }).code)
  return { code, calls: (await readFile(calls, 'utf8')).trim().split('\n') }
}

describe('the script of kubeadm join', () => {
  const whole = 'join --config /c.yaml --skip-phases=preflight'

  it('runs it once when it succeeds', async () => {
    expect(await withFakeKubeadm('echo joined')).toEqual({ code: 0, calls: [whole] })
  })

  it('ends with its exit code when it fails', async () => {
    expect(await withFakeKubeadm('echo error: no; exit 3')).toEqual({ code: 3, calls: [whole] })
  })

  it('lets it ask again for a member that is not in sync yet', async () => {
    const early = `echo '{"error":"etcdserver: can only promote a learner member which is in sync with leader"}'
sleep 0.1
echo joined`
    expect(await withFakeKubeadm(early)).toEqual({ code: 0, calls: [whole] })
  })

  it('knows the promotion that is made from a log line, too', async () => {
    const logged = `case "$*" in *etcd-join*) exit 0 ;; esac
while echo '{"error":"etcdserver: can only promote a learner member"}' >&2; do sleep 0.1; done`
    expect((await withFakeKubeadm(logged)).calls).toHaveLength(2)
  })

  it('does not wait for a promotion that is made, and goes on behind it', async () => {
    const endless = `case "$*" in *etcd-join*) exit 0 ;; esac
while echo 'error: etcdserver: can only promote a learner member' >&2; do sleep 0.1; done`
    expect(await withFakeKubeadm(endless)).toEqual({
      code: 0,
      calls: [whole, `${whole},control-plane-prepare,kubelet-start,etcd-join`],
    })
  })
})
