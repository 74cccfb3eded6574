import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundleFakeProcess } from './fake-process-bundle.js'

const limit = 120_000
const folder = mkdtempSync(join(tmpdir(), 'knest-process-'))
const program = join(folder, 'knest.mjs')
let home: string

beforeAll(() => bundleFakeProcess(program), limit)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => {
  home = mkdtempSync(join(folder, 'home-'))
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was done on the host, and how the clusters there are. */
  readonly done: string
}

/** Runs a line of bash in which `knest` is the command on a fake host; gives what bash itself wrote. */
async function bash(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn('bash', ['-c', `set -o pipefail; knest() { "$NODE" "$PROGRAM" "$@"; }; ${line}`], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      NODE: process.execPath,
      PROGRAM: program,
      KNEST_FAKE_LOG: log(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ])
  return { code, stdout, stderr, done: existsSync(log()) ? readFileSync(log(), 'utf8') : '' }
}

const log = (): string => join(home, 'log')

describe('the output', () => {
  test.each([
    ['a reader of all of it that goes', 'knest create a 2>&1 | head -1'],
    ['a reader that goes before the first line', 'knest create a 2>&1 | true'],
    ['a reader that has found what it looked for', 'knest create a 2>&1 | grep -q created'],
    ['a reader of the results that goes', 'knest create a 2>/dev/null | true'],
    ['closed standard output', 'knest create a >&-'],
    ['closed standard error', 'knest create a 2>&-'],
    ['closed standard input', 'knest create a <&-'],
    ['everything closed', 'knest create a <&- >&- 2>&-'],
    ['a full standard error', 'knest create a 2>/dev/full'],
    ['no colours', 'NO_COLOR=1 TERM=dumb COLUMNS=20 knest create a'],
    ['no terminal type', 'TERM= knest create a'],
    ['JSON lines to nobody', 'knest create a --progress json 2>&1 | true'],
    ['a display of progress to nobody', 'knest create a --progress tty 2>&1 | true'],
    ['a folder that is gone', 'mkdir gone; cd gone; rmdir "$PWD"; knest create a'],
  ])(
    '%s does not end the work',
    async (_name, line) => {
      const { code, stderr, done } = await bash(`cd "$HOME"; ${line}`)
      expect(stderr).not.toMatch(/ at |bug in knest/)
      expect(done).toContain('a is Ready')
      expect(code).toBe(0)
    },
    limit,
  )

  test.each([
    ['list', 'knest list >/dev/full'],
    ['status', 'knest status quickstart -o json >/dev/full'],
    ['kubeconfig', 'knest kubeconfig quickstart >/dev/full'],
    ['help', 'knest --help >/dev/full'],
    ['the schema', 'knest schema >/dev/full'],
    ['all of it', 'knest list >/dev/full 2>&1'],
  ])(
    'of %s that finds no room is one line and an exit code',
    async (_name, line) => {
      const { code, stderr } = await bash(line)
      expect(code).toBe(3)
      expect(stderr).toMatch(
        line.endsWith('2>&1') ? /^$/ : /^error: the output could not be written: ENOSPC.*\n$/,
      )
    },
    limit,
  )
})

describe('--progress json', () => {
  test.each([
    [
      'results that find no room',
      'knest list --progress json >/dev/full',
      3,
      'the output could not be written: E',
    ],
    ['help that finds no room', 'knest --progress json list --help >/dev/full', 3, 'the output could not be'],
    [
      'a command that is not there',
      'knest shell quickstart --progress json -- no-such-program',
      127,
      '"no-such-program": command not found',
    ],
    [
      'a command that cannot be run',
      'knest shell quickstart --progress json -- /etc/passwd',
      126,
      '"/etc/passwd": permission denied',
    ],
  ])(
    'tells of %s as of every error',
    async (_name, line, exitCode, text) => {
      const { code, stderr } = await bash(line)
      expect(JSON.parse(stderr)).toMatchObject({
        ...{ event: 'error', code: 'prerequisite', exitCode },
        text: expect.stringContaining(text) as string,
      })
      expect(code).toBe(exitCode)
    },
    limit,
  )
})

describe('a command whose work waits for nothing that keeps a process', () => {
  test(
    'does not end as if it were done',
    async () => {
      const { code, stderr } = await bash('KNEST_FAKE_STORY=forgotten knest create a')
      expect(stderr).toMatch(/bug in knest[^]+nothing is left that could end what the command waits for/)
      expect(code).toBe(70)
    },
    limit,
  )

  test(
    'goes on when its time limit is over',
    async () => {
      const { code, done } = await bash('KNEST_FAKE_STORY=limited knest create a')
      expect(done).toContain('a is Ready')
      expect(code).toBe(0)
    },
    limit,
  )
})

describe('a watch', () => {
  test.each([
    ['whose reader goes ends as by SIGPIPE', 'knest status quickstart -w | head -1', 141, /^$/],
    ['whose reader was never there, too', 'knest status quickstart -w | true', 141, /^$/],
    [
      'whose results find no room says so',
      'knest status quickstart -w >/dev/full',
      3,
      /^error: .*ENOSPC.*\n$/,
    ],
  ])(
    '%s',
    async (_name, line, exitCode, said) => {
      const { code, stderr } = await bash(line, { KNEST_FAKE_STORY: 'changes' })
      expect(stderr).toMatch(said)
      expect(code).toBe(exitCode)
    },
    limit,
  )
})

/** Mounts of its own need rights that not every machine gives. */
const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0
if (!mayMount)
  console.warn('no mounts of its own (unshare --mount): what happens on full and mounted files is not tested')
const mayDropRights =
  process.getuid?.() === 0 && spawnSync('sh', ['-c', 'setpriv --bounding-set=-chown true']).status === 0
if (!mayDropRights) console.warn('not root, or no setpriv: a root without CAP_CHOWN is not tested')
const kubectl = 'apiVersion: v1\nkind: Config\n'

describe('a home that says no', () => {
  test.each([
    ['.kube is a file', 'touch .kube', ''],
    ['the kubeconfig is a folder', 'mkdir -p .kube/config', ''],
    ['the kubeconfig is none', 'mkdir .kube; echo "- nothing" >.kube/config', ''],
    ['a folder in KUBECONFIG', 'mkdir folder', 'KUBECONFIG=folder'],
    ['a KUBECONFIG behind a file', 'touch file', 'KUBECONFIG=file/config'],
    [
      'a KUBECONFIG that cannot be added to',
      'echo "clusters: &a [{name: x, cluster: {}}]\nusers: 1" >k',
      'KUBECONFIG=k',
    ],
  ])(
    '%s: it is said before the work',
    async (_name, arrange, env) => {
      const { code, stderr, done } = await bash(
        `cd "$HOME"; ${arrange}; ls -lA >before; ${env} knest create a`,
      )
      expect(stderr).toMatch(/^error: .*\nhint: .*\n$/)
      expect(stderr).not.toMatch(/ {4}at |bug in knest/)
      expect([2, 3]).toContain(code)
      expect(done).not.toContain('create')
    },
    limit,
  )

  test(
    '--no-merge goes on without it, and says how to get it',
    async () => {
      const { code, stderr, done } = await bash('cd "$HOME"; touch .kube; knest create a --no-merge')
      expect(code).toBe(0)
      expect(stderr).toMatch(/warning: .*; it will be printed by `knest kubeconfig a`/)
      expect(done).toContain('a is Ready')
    },
    limit,
  )

  test.each([
    ['create', 'knest create a', 'a is Ready'],
    ['renewed certificates', 'knest certs quickstart --renew', 'renew'],
  ])(
    'that says so only behind the work of %s makes a warning',
    async (_name, command, did) => {
      // The command checks before its work; the folder goes while it runs.
      const { code, stderr, done } = await bash(`cd "$HOME"; ${command}`, { KNEST_FAKE_BREAK: home })
      expect(stderr).toMatch(
        /warning: .* cannot be written: .*; print it with `knest kubeconfig (a|quickstart)`/,
      )
      expect(done).toContain(did)
      expect(code).toBe(0)
    },
    limit,
  )

  test.each([
    ['unset', 'unset HOME'],
    ['empty', 'export HOME='],
  ])(
    '%s is the one that the system knows',
    async (_name, arrange) => {
      const { code, stderr } = await bash(`${arrange}; KUBECONFIG="$OWN/config" knest list`, { OWN: home })
      expect(stderr).toBe('')
      expect(code).toBe(0)
    },
    limit,
  )

  test(
    'gets what root makes in it',
    async () => {
      if (process.getuid?.() !== 0) {
        console.warn('not root: whose the files are is not tested')
        return
      }
      const { code, stdout } = await bash(
        'cd "$HOME"; chown 12345:23456 .; knest create a 2>/dev/null; stat -c "%u:%g %a" .kube .kube/*',
      )
      expect(code).toBe(0)
      expect(stdout.split('\n').slice(1, -1)).toEqual([
        '12345:23456 700',
        '12345:23456 600',
        '12345:23456 600',
      ])
    },
    limit,
  )

  test.skipIf(!mayDropRights)(
    'keeps what a root without CAP_CHOWN makes in it',
    async () => {
      const { code, stderr, stdout } = await bash(
        `cd "$HOME"; chown 12345:23456 .; export -f knest
      setpriv --bounding-set=-chown bash -c 'knest create a --progress plain -q' && stat -c %a .kube .kube/*`,
      )
      expect(stderr).toBe('')
      expect(code).toBe(0)
      expect(stdout).toMatch(/^cluster "a" created\n700\n600\n600\n$/)
    },
    limit,
  )

  test.skipIf(!mayMount)(
    'a kubeconfig that is mounted is written in place',
    async () => {
      const mounted = await bash(
        `cd "$HOME"; mkdir .kube; printf '${kubectl}' | tee own >.kube/config
      export -f knest; unshare --mount bash -c 'mount --bind own .kube/config && knest create a; knest delete a; true' && cat own`,
      )
      expect(mounted.stderr).not.toContain('warning')
      expect(mounted.code).toBe(0)
      expect(mounted.stdout).toBe(`cluster "a" created\n${kubectl}`)
    },
    limit,
  )

  test.skipIf(!mayMount)(
    'a mounted kubeconfig in a folder that is read only is written, too',
    async () => {
      const mounted = await bash(
        `cd "$HOME"; mkdir .kube; printf '${kubectl}' | tee own >.kube/config
      export -f knest; unshare --mount bash -c 'mount --bind .kube .kube && mount -o remount,bind,ro .kube && mount --bind own .kube/config && knest create a --no-merge; knest kubeconfig quickstart >/dev/null; KUBECONFIG=.kube/config knest host up' && grep -c knest-host own`,
      )
      expect(mounted.stderr).not.toMatch(/ {4}at |bug in knest/)
      expect(mounted.stderr).toContain('warning: kubeconfig')
      expect(mounted.code).toBe(0)
    },
    limit,
  )

  test.skipIf(!mayMount)(
    'a folder that is read only by now keeps nothing from being deleted',
    async () => {
      const { code, stdout, stderr } = await bash(
        `cd "$HOME"; export -f knest; knest certs quickstart --renew >/dev/null 2>&1
      unshare --mount bash -c 'mount --bind .kube .kube && mount -o remount,bind,ro .kube && KUBECONFIG=else knest delete quickstart'`,
      )
      expect(stderr).toMatch(
        /^warning: the context of cluster "quickstart" may be left: .* cannot be removed: EROFS.*\n$/,
      )
      expect(stdout).toBe('cluster "quickstart" deleted\n')
      expect(code).toBe(0)
    },
    limit,
  )

  test.skipIf(!mayMount)(
    'one that is read only is told as that before the work',
    async () => {
      const { code, stderr, done } = await bash(
        `cd "$HOME"; mkdir .kube; export -f knest
      unshare --mount bash -c 'mount --bind .kube .kube && mount -o remount,bind,ro .kube && knest create a'`,
      )
      expect(stderr).toMatch(/^error: kubeconfig ".*config" cannot be written: EROFS.*\nhint: .*\n$/)
      expect(code).toBe(3)
      expect(done).not.toContain('create')
    },
    limit,
  )

  test.skipIf(!mayMount)(
    'a full one is told before the work',
    async () => {
      const full = await bash(
        `cd "$HOME"; mkdir .kube; export -f knest
      unshare --mount bash -c 'mount -t tmpfs -o size=8k none .kube && knest create a'`,
      )
      expect(full.stderr).toMatch(/^error: .*ENOSPC/)
      expect(full.code).toBe(3)
      expect(full.done).not.toContain('create')
    },
    limit,
  )
})

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s lets the work let go, and the second one ends at once',
    async (signal, atOnce) => {
      const first = start('hang')
      await first.waiting
      first.child.kill(signal)
      expect(await first.ended).toBe(130)
      expect(first.stderr()).toContain('error: interrupted: cluster "a" in namespace "knest-a" is Creating')

      const stuck = start('stuck')
      await stuck.waiting
      stuck.child.kill(signal)
      await stuck.says('again leaves at once')
      stuck.child.kill(signal)
      expect(await stuck.ended).toBe(atOnce)
    },
    limit,
  )
})

interface Running {
  readonly child: ReturnType<typeof spawn>
  readonly waiting: Promise<void>
  readonly ended: Promise<number>
  stderr(): string
  says(words: string): Promise<void>
}

/** A create whose nodes do not come. */
function start(story: 'hang' | 'stuck'): Running {
  const child = spawn(process.execPath, [program, 'create', 'a'], {
    env: { PATH: process.env.PATH, HOME: home, KNEST_FAKE_STORY: story },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const says = async (words: string): Promise<void> => {
    while (!said.includes(words)) await once(child.stderr, 'data')
  }
  return {
    child,
    waiting: says('waiting'),
    // A child that a signal ended has no code.
    ended: once(child, 'close').then(([code]) => code as number),
    stderr: () => said,
    says,
  }
}
