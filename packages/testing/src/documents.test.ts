import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** What a text says of a test: `FILE` "TITLE", or several titles of one file. */
const named = /`([\w/.-]+\.test\.ts)` ("[^"]+"(?:, "[^"]+")*)/g
const namedIn = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(named)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [file, title] as const),
  )

const testFiles = ['e2e/src', 'packages', 'images', 'bench/src']
  .filter((path) => existsSync(new URL(path, root)))
  .flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
      .map((path) => `${folder}/${path}`),
  )
const filesCalled = (file: string): readonly string[] =>
  testFiles.filter((path) => path === file || path.endsWith(`/${file}`))

describe.each([
  { document: 'docs/reliability.md', part: 'Fault by fault' },
  { document: 'docs/security.md', part: 'What is promised' },
])('$document', ({ document, part }) => {
  const text = read(document)
  const [, table = ''] = new RegExp(`^## ${part}$(.*?)^## `, 'ms').exec(text) ?? []
  const rows = table.split('\n').filter((line) => line.startsWith('| '))
  const promises = rows.slice(1).filter((line) => !/^\| -+ /.test(line))

  it('names a test for each of its promises', () => {
    expect(promises.length).toBeGreaterThan(12)
    expect(promises.filter((row) => row.match(named) === null)).toEqual([])
  })

  it.each(namedIn(text))('names a test that there is: %s, %s', (file, title) => {
    const has = (path: string): boolean => {
      const source = read(path)
      return ["'", '"'].some((quote) => source.includes(quote + title + quote))
    }
    expect(filesCalled(file).filter(has)).not.toEqual([])
  })
})

describe('docs/reliability.md, by kind', () => {
  const text = read('docs/reliability.md')

  it.each([
    'Hosts that say no',
    'Busy machines and sick clusters',
    "What is not knest's",
    'Machines and command lines',
  ])('names a test for each kind of "%s"', (title) => {
    const [, section = ''] = new RegExp(`^## ${title}$(.*?)^## `, 'ms').exec(text) ?? []
    const kinds = section.split('\n').filter((line) => line.startsWith('| '))
    expect(kinds.length).toBeGreaterThan(10)
    expect(kinds.slice(2).filter((row) => namedIn(row).length === 0)).toEqual([])
  })

  it('names no test file that is not there', () => {
    const told = [...text.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, path = '']) => path)
    expect(told.filter((path) => filesCalled(path).length === 0)).toEqual([])
  })
})

describe('the documents', () => {
  const documents = [
    'README.md',
    ...readdirSync(new URL('docs', root)).flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : [])),
  ]

  it.each(documents)('%s names no end-to-end test that is not there', (document) => {
    const files = [...read(document).matchAll(/e2e\/src\/([\w./-]+\.ts)/g)].map(([, file = '']) => file)
    expect(files.filter((file) => !existsSync(new URL(`e2e/src/${file}`, root)))).toEqual([])
  })
})
