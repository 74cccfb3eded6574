import { describe, expect, it } from 'vitest'
import { openEndMarks } from './end-mark.js'

const mark = 'aab1aab2'
const said = `before aab1aab${mark}17; after`

function readPieces(text: string, size: number): { readonly out: string; readonly code: number | undefined } {
  const marks = openEndMarks(mark, () => undefined)
  marks.stderr(Buffer.from(`${mark}17;`))
  const pieces: Buffer[] = []
  for (let at = 0; at < text.length; at += size)
    pieces.push(marks.stdout(Buffer.from(text.slice(at, at + size))))
  return { out: Buffer.concat([...pieces, marks.rest().stdout]).toString(), code: marks.exitCode() }
}

describe('marks of the end of a command', () => {
  it.each(Array.from({ length: said.length }, (_, index) => index + 1))(
    'are taken out of pieces of %i bytes',
    (size) => {
      expect(readPieces(said, size)).toEqual({ out: 'before aab1aab after', code: 17 })
      const without = said.replace(`${mark}17;`, mark.slice(0, -1))
      expect(readPieces(without, size)).toEqual({ out: without, code: undefined })
    },
  )

  it('are those of both outputs', () => {
    let ended = 0
    const marks = openEndMarks(mark, () => ended++)
    marks.stdout(Buffer.from(`${mark}0;`))
    expect([marks.exitCode(), ended]).toEqual([undefined, 0])
    expect(marks.stderr(Buffer.from(`err${mark}0;`)).toString()).toBe('err')
    expect([marks.exitCode(), ended]).toEqual([0, 1])
    expect(marks.stdout(Buffer.from(`late ${mark}9;`)).toString()).toBe(`late ${mark}9;`)
    expect([marks.exitCode(), ended]).toEqual([0, 1])
  })

  it('keep nothing back that cannot be the beginning of one', () => {
    const marks = openEndMarks(mark, () => undefined)
    expect(marks.stdout(Buffer.from('line\n')).toString()).toBe('line\n')
    expect(marks.stdout(Buffer.from('line aab1')).toString()).toBe('line ')
    expect(marks.stdout(Buffer.from('x')).toString()).toBe('aab1x')
  })
})
