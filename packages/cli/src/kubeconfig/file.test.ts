import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderKubeconfig } from 'knest/kube'
import {
  checkMerge,
  kubeconfigFiles,
  mergeIntoDefault,
  removeFromDefault,
  removeOwnKubeconfig,
  writeOwnKubeconfig,
} from './index.js'
import { withFileLock } from './lock.js'
import { mergeKubeconfig } from './merge.js'
import { withOwner, type ContextOwner } from './owner.js'

let home: string
let config: string

const addition = (name: string): string =>
  renderKubeconfig({ name, server: 'https://10.1.2.3:6443', ca: 'CA', clientCert: 'C', clientKey: 'K' })
const owner = (name: string): ContextOwner => ({
  ref: { namespace: `knest-${name}`, name },
  host: { context: 'dev', server: 'https://dev:6443', uid: 'u' },
})
const merge = (files: readonly string[], name: string): Promise<string> =>
  mergeIntoDefault(files, addition(name), owner(name)).then(({ file }) => file)
const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777
const others =
  '# mine\napiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\ncurrent-context: ""\n'

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knest-kubeconfig-'))
  config = join(home, '.kube', 'config')
})
afterEach(() => rm(home, { recursive: true }))

describe('kubeconfigFiles', () => {
  test.each([
    [undefined, ['/home/u/.kube/config']],
    ['', ['/home/u/.kube/config']],
    ['/a', ['/a']],
    [`/a${delimiter}${delimiter}/b${delimiter}/a`, ['/a', '/b']],
  ])('KUBECONFIG=%s', (value, expected) => {
    expect(kubeconfigFiles({ KUBECONFIG: value }, '/home/u')).toEqual(expected)
  })
})

describe('the own file', () => {
  test('is secret, and so is a folder that had to be made', async () => {
    const file = join(home, '.kube', 'knest.a.b.kubeconfig')
    await writeOwnKubeconfig(file, 'text')
    expect(await modeOf(file)).toBe(0o600)
    expect(await modeOf(join(home, '.kube'))).toBe(0o700)
    await chmod(file, 0o644)
    await writeOwnKubeconfig(file, 'other')
    expect(await modeOf(file)).toBe(0o600)
    expect(await readFile(file, 'utf8')).toBe('other')
    expect(await readdir(join(home, '.kube'))).toEqual(['knest.a.b.kubeconfig'])
    expect(await removeOwnKubeconfig(file)).toBe(true)
    expect(await removeOwnKubeconfig(file)).toBe(false)
  })

  test('that cannot be removed is no mistake of knest', async () => {
    const file = join(home, 'knest.a.b.kubeconfig')
    await mkdir(file)
    await expect(removeOwnKubeconfig(file)).rejects.toMatchObject({
      code: 'prerequisite',
      message: expect.stringContaining(`kubeconfig "${file}" cannot be removed: E`) as string,
    })
  })
})

describe('the default file', () => {
  test('comes and goes with the entries', async () => {
    expect(await merge([config], 'one')).toBe(config)
    expect(await modeOf(config)).toBe(0o600)
    await merge([config], 'two')
    expect(await removeFromDefault([config], owner('one'))).toEqual([config])
    expect(await removeFromDefault([config], owner('two'))).toEqual([config])
    expect(await removeFromDefault([config], owner('two'))).toEqual([])
    expect(await readdir(join(home, '.kube'))).toEqual([])
  })

  test('keeps its mode, and a link stays a link', async () => {
    await mkdir(join(home, '.kube'))
    const real = join(home, 'dotfiles-kubeconfig')
    await writeFile(real, others)
    await chmod(real, 0o640)
    await symlink('../dotfiles-kubeconfig', config)
    await merge([config], 'one')
    expect((await lstat(config)).isSymbolicLink()).toBe(true)
    expect(await modeOf(real)).toBe(0o640)
    expect(await readFile(real, 'utf8')).toBe(
      mergeKubeconfig(others, withOwner(addition('one'), owner('one'))),
    )
    await removeFromDefault([config], owner('one'))
    expect(await readFile(real, 'utf8')).toBe(others)
  })

  test.each(['', '\n', '# mine\n'])('that was there without entries stays: %j', async (text) => {
    await mkdir(join(home, '.kube'))
    await writeFile(config, text)
    await chmod(config, 0o644)
    await merge([config], 'one')
    await merge([config], 'two')
    for (const name of ['one', 'two']) await removeFromDefault([config], owner(name))
    expect(await readFile(config, 'utf8')).toBe(text)
    expect(await modeOf(config)).toBe(0o644)
  })

  test('with a second name keeps both', async () => {
    await mkdir(join(home, '.kube'))
    await writeFile(config, others)
    const second = join(home, 'second')
    await link(config, second)
    await merge([config], 'one')
    expect(await readFile(second, 'utf8')).toBe(await readFile(config, 'utf8'))
    await removeFromDefault([config], owner('one'))
    expect(await readFile(second, 'utf8')).toBe(others)
    expect((await stat(second)).nlink).toBe(2)
  })

  test('a link to a file that is not there yet is followed', async () => {
    await mkdir(join(home, '.kube'))
    await symlink(join(home, 'later'), config)
    await merge([config], 'one')
    expect(await modeOf(join(home, 'later'))).toBe(0o600)
    await removeFromDefault([config], owner('one'))
    expect((await lstat(config)).isSymbolicLink()).toBe(true)
  })

  test('of several: the one with the entry, else the first that exists, else the last', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(home, name)) as [string, string, string]
    expect(await merge([a, b, c], 'one')).toBe(c)
    await writeFile(b, others)
    expect(await merge([a, b, c], 'two')).toBe(b)
    expect(await merge([a, b, c], 'one')).toBe(c)
    expect(await removeFromDefault([a, b, c], owner('two'))).toEqual([b])
    expect(await readFile(b, 'utf8')).toBe(others)
  })

  test('is left alone, and named, when it is not YAML', async () => {
    await mkdir(join(home, '.kube'))
    await writeFile(config, 'clusters: [')
    await expect(merge([config], 'one')).rejects.toThrow(`kubeconfig "${config}" is not YAML`)
    expect(await readFile(config, 'utf8')).toBe('clusters: [')
    expect(await readdir(join(home, '.kube'))).toEqual(['config'])
  })

  test('loses no entry when many write at once', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `c${index}`)
    await Promise.all(names.map((name) => merge([config], name)))
    const text = await readFile(config, 'utf8')
    for (const name of names) expect(text).toContain(`name: knest-${name}\n`)
    await Promise.all(names.map((name) => removeFromDefault([config], owner(name))))
    await expect(stat(config)).rejects.toThrow('ENOENT')
  })
})

describe('a file of somebody else', () => {
  const [somebody, group] = [65_533, 65_532]
  const isRoot = (): boolean => {
    if (process.geteuid?.() === 0) return true
    console.warn('skipped: only root can give a file to somebody else')
    return false
  }
  const facts = async (): Promise<unknown> => {
    const { uid, gid, mode } = await stat(config)
    return { uid, gid, mode: mode & 0o777, text: await readFile(config, 'utf8') }
  }
  const theirs = async (uid: number, gid: number, mode: number): Promise<void> => {
    await mkdir(join(home, '.kube'))
    await writeFile(config, others)
    await chown(config, uid, gid)
    await chmod(config, mode)
    // A folder of the test run's own lets nobody else through.
    if ((await modeOf(tmpdir())) === 0o700) await chmod(tmpdir(), 0o711)
    await chmod(home, 0o777)
    await chmod(join(home, '.kube'), 0o777)
  }
  /** As a user without rights over it. */
  const asAnother = async <T>(work: () => Promise<T>): Promise<T> => {
    process.setegid?.(somebody)
    process.seteuid?.(somebody)
    try {
      return await work()
    } finally {
      process.seteuid?.(0)
      process.setegid?.(0)
    }
  }

  test.each([0o600, 0o660, 0o664])('keeps owner, group and mode %o when root writes it', async (mode) => {
    if (!isRoot()) return
    await theirs(somebody, group, mode)
    const before = await facts()
    await merge([config], 'one')
    expect(await facts()).toMatchObject({ uid: somebody, gid: group, mode })
    expect(await readFile(config, 'utf8')).not.toBe(others)
    await removeFromDefault([config], owner('one'))
    expect(await facts()).toEqual(before)
  })

  test('is written in place by who may write it and cannot give it back, as kubectl does', async () => {
    if (!isRoot()) return
    await theirs(0, group, 0o666)
    const [before, { ino }] = [await facts(), await stat(config)]
    await asAnother(() => checkMerge([config], 'one', owner('one')))
    expect(await facts()).toEqual(before)
    await asAnother(() => merge([config], 'one'))
    expect(await facts()).toMatchObject({ uid: 0, gid: group, mode: 0o666 })
    expect((await stat(config)).ino).toBe(ino)
    await asAnother(() => removeFromDefault([config], owner('one')))
    expect(await facts()).toEqual(before)
    expect(await readdir(join(home, '.kube'))).toEqual(['config'])
  })

  test('that may only be read is refused before and stays, though its folder takes files', async () => {
    if (!isRoot()) return
    await theirs(0, 0, 0o644)
    const before = await facts()
    const refusal = {
      code: 'prerequisite',
      message: expect.stringContaining(`"${config}" cannot be written`) as string,
    }
    await expect(asAnother(() => checkMerge([config], 'one', owner('one')))).rejects.toMatchObject(refusal)
    await expect(asAnother(() => merge([config], 'one'))).rejects.toMatchObject(refusal)
    expect(await facts()).toEqual(before)
    expect(await readdir(join(home, '.kube'))).toEqual(['config'])
  })
})

describe('withFileLock', () => {
  const times = { waitMs: 150, staleMs: 60_000 }
  const done = (): Promise<string> => Promise.resolve('done')

  test('waits for kubectl and says what to do', async () => {
    const file = join(home, 'config')
    await writeFile(`${file}.lock`, '')
    await expect(withFileLock(file, done, times)).rejects.toMatchObject({
      code: 'conflict',
      hint: `try again, or remove "${file}.lock" if no program is writing it`,
    })
    setTimeout(() => void rm(`${file}.lock`), 60)
    expect(await withFileLock(file, done, { ...times, waitMs: 5000 })).toBe('done')
  })

  test('clears a lock that a killed program left', async () => {
    const file = join(home, 'config')
    await writeFile(`${file}.lock`, '')
    const minuteAgo = new Date(Date.now() - 61_000)
    await utimes(`${file}.lock`, minuteAgo, minuteAgo)
    expect(await withFileLock(file, done, times)).toBe('done')
    // No process has the largest number Linux gives.
    await writeFile(`${file}.lock`, `knest 4194305 ${hostname()}`)
    expect(await withFileLock(file, done, times)).toBe('done')
    await writeFile(`${file}.lock`, `knest ${process.pid} ${hostname()}`)
    await expect(withFileLock(file, done, times)).rejects.toThrow('locked')
  })

  test('is released when the work fails', async () => {
    const file = join(home, 'config')
    await expect(withFileLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await readdir(home)).toEqual([])
  })
})
