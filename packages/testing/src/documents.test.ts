import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** What a text says of a test: `FILE` "TITLE". A file without a folder is one of e2e/src. */
const named = /`([\w/.-]+\.test\.ts)` "([^"]+)"/g

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

  it.each([...text.matchAll(named)].map(([, file = '', title = '']) => [file, title]))(
    'names a test that there is: %s, %s',
    (file, title) => {
      const source = read(file.includes('/') ? file : `e2e/src/${file}`)
      expect(["'", '"'].some((quote) => source.includes(quote + title + quote))).toBe(true)
    },
  )
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
