import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { version } from './version.js'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license?: string
  readonly repository?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const root = new URL('../../../', import.meta.url)
const read = async (path: string): Promise<Manifest> =>
  JSON.parse(await readFile(new URL(path, root), 'utf8')) as Manifest
const folders = await readdir(new URL('packages', root))
const manifests = await Promise.all(folders.map((folder) => read(`packages/${folder}/package.json`)))
const published = manifests.filter((manifest) => manifest.private !== true)

test('all packages have one version, also where they need each other', () => {
  const own = new Set(manifests.map(({ name }) => name))
  for (const { name, version: its, dependencies, devDependencies } of manifests) {
    expect(its, name).toBe(version)
    for (const [needed, wanted] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (own.has(needed)) expect(wanted, `${name} needs ${needed}`).toBe(version)
    }
  }
})

test('what is published needs only what is published', () => {
  const names = published.map(({ name }) => name)
  expect(names).toContain('knest')
  const unpublished = manifests.filter(({ private: isPrivate }) => isPrivate).map(({ name }) => name)
  for (const { dependencies = {} } of published) {
    expect(Object.keys(dependencies).filter((name) => unpublished.includes(name))).toEqual([])
  }
})

test('licence and repository are those of the whole', async () => {
  const { license, repository } = await read('package.json')
  const text = await readFile(new URL('LICENSE', root), 'utf8')
  for (const [index, manifest] of manifests.entries()) {
    if (manifest.private === true) continue
    const folder = `packages/${folders[index] ?? ''}`
    expect(manifest.license, folder).toBe(license)
    expect(await readFile(new URL(`${folder}/LICENSE`, root), 'utf8'), folder).toBe(text)
    const expected = repository === undefined ? undefined : { ...repository, directory: folder }
    expect(manifest.repository, folder).toEqual(expected)
  }
})
