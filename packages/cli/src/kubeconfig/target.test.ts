import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changeFile, tryToWrite } from './disk.js'
import { targetOf } from './target.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knest-target-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('what is no regular file', () => {
  const refusal = (file: string): object => ({
    code: 'config',
    message: `kubeconfig "${file}" is no regular file`,
    hint: 'name another file with $KUBECONFIG',
  })

  test.each(['/dev/null', '/dev/full', '/'])('%s has no target', async (file) => {
    await expect(targetOf(file)).rejects.toMatchObject(refusal(file))
    const link = join(folder, 'config')
    await symlink(file, link)
    await expect(targetOf(link)).rejects.toMatchObject(refusal(link))
  })

  test('is neither tried nor changed', async () => {
    const file = join(folder, 'pipe')
    spawnSync('sh', ['-c', 'mkfifo "$0"', file])
    await expect(tryToWrite(file)).rejects.toMatchObject(refusal(file))
    await expect(changeFile(file, () => 'text')).rejects.toMatchObject(refusal(file))
    expect((await stat(file)).isFIFO()).toBe(true)
  })
})

test.each([
  ['../shared/config', 'data/shared/config'],
  ['sub/../config', 'far/config'],
])('a link to %s in a folder that is a link leads where the system goes', async (link, real) => {
  for (const made of ['home/shared', 'data/kube', 'data/shared', 'far/sub'])
    await mkdir(join(folder, made), { recursive: true })
  await symlink('../../far/sub', join(folder, 'data/kube/sub'))
  await symlink('../data/kube', join(folder, 'home/.kube'))
  const config = join(folder, 'home/.kube/config')
  await symlink(link, config)
  await writeFile(join(folder, real), 'before')
  await changeFile(config, (before) => `${before ?? 'nothing'}, after`)
  expect(await readFile(join(folder, real), 'utf8')).toBe('before, after')
  expect(await readlink(config)).toBe(link)
})
