import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { reasons } from './reasons.js'

const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8')
const rows = page
  .split('\n')
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| |\|$/g, '').trim()))

test('docs/doctor.md lists every name, with its severity and its cause', () => {
  const listed = rows.filter(([name]) => /^`[A-Z]\w+`$/.test(name ?? ''))
  expect(listed).toEqual(
    Object.entries(reasons).map(([name, [, severity, cause]]) => [`\`${name}\``, severity, cause]),
  )
})
