import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { confirm } from './confirm.js'

const asked = async (typed: string | Buffer | undefined): Promise<[boolean, string]> => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const answer = confirm('Go on?', input, Object.assign(output, { isTTY: true, columns: 80 }))
  if (typed === undefined) input.end()
  else input.write(typed)
  const yes = await answer
  return [yes, String(output.read())]
}

test.each([
  ['y\n', true],
  ['YES \n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
])('%j is %s', async (typed, expected) => {
  const [yes, shown] = await asked(typed)
  expect(yes).toBe(expected)
  expect(shown).toContain('Go on? [y/N] ')
})

test.each([
  ['the end of the input', undefined],
  ['Ctrl-D', '\u0004'],
  ['Ctrl-C', '\u0003'],
])('%s says that nothing was changed', async (_, typed) => {
  await expect(asked(typed)).rejects.toMatchObject({ code: 'cancelled', message: 'nothing was changed' })
})
