import { describe, expect, it } from 'vitest'
import { decodeText, plainValue, readYaml, YamlFault } from './go-yaml.js'

describe('readYaml', () => {
  it.each<[string, string, unknown]>([
    ['the last of repeated keys', 'a: 1\na: two', { a: 'two' }],
    ['the first document and no other', 'a: b\n---\n---\nc: [', { a: 'b' }],
    ['a document that ends with dots', 'a: b\n...\n', { a: 'b' }],
    ['an empty first document', '---\n---\na: b', null],
    ['nothing but comments', '# none\n', null],
    ['a merge', 'x: &x {a: b}\nq: {<<: *x, c: d}', { x: { a: 'b' }, q: { a: 'b', c: 'd' } }],
    [
      'a later merge over an earlier field',
      'x: &x {a: b}\nq:\n  a: c\n  <<: *x',
      { x: { a: 'b' }, q: { a: 'b' } },
    ],
    [
      'a field after the merge over it',
      'x: &x {a: b}\nq:\n  <<: *x\n  a: c',
      { x: { a: 'b' }, q: { a: 'c' } },
    ],
    [
      'a merge of several, the first of which wins',
      'x: &x {a: b}\nz: &z {a: d, e: f}\nq: {<<: [*x, *z]}',
      { x: { a: 'b' }, z: { a: 'd', e: 'f' }, q: { a: 'b', e: 'f' } },
    ],
    ['a quoted merge key as a key', 'q: {"<<": b}', { q: { '<<': 'b' } }],
    ['a comment without a blank before it', 'a: {b: c}# d', { a: { b: 'c' } }],
    ['aliases', 'a: &a [b]\nc: *a', { a: ['b'], c: ['b'] }],
    ['a byte order mark and Windows lines', '\ufeffa: b\r\nc: d\r\n', { a: 'b', c: 'd' }],
    ['JSON', '{"a": "b",\n\t"c": [true, null, "5"]}', { a: 'b', c: [true, null, '5'] }],
    ['nothing behind the last bracket of JSON', '{"a": "b"}\n{"c": [', { a: 'b' }],
    ['tags', 'a: !!str 5\nb: !custom yes\nc: !!binary aGk=', { a: '5', b: 'yes', c: 'hi' }],
    ['block text', 'a: |\n  yes\nb: >-\n  1\n', { a: 'yes\n', b: '1' }],
    ['a date as text', 'a: 2026-11-28', { a: '2026-11-28' }],
    ['keys of other types as text', '1: a\ntrue: b', { 1: 'a', true: 'b' }],
  ])('reads %s', (_what, text, value) => {
    expect(readYaml(text)).toEqual(value)
  })

  it.each([
    ['no YAML', 'a: [b'],
    ['an alias without anchor', 'a: *b'],
    ['an anchor in itself', 'a: &a [*a]'],
    ['another version of YAML', '%YAML 1.2\n---\na: b'],
    ['a merge of text', 'a: {<<: b}'],
    ['control characters', 'a: "b\u0000"'],
    ['a list as a key', '? [a]\n: b'],
  ])('refuses %s', (_what, text) => {
    expect(() => readYaml(text)).toThrow(YamlFault)
  })

  it('ends with aliases of aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      )
    expect(() => readYaml(lines.join('\n'))).toThrow('too many aliases')
  })
})

describe('plainValue', () => {
  it.each<[string, unknown]>([
    ...['yes', 'Y', 'on', 'TRUE'].map((text): [string, unknown] => [text, true]),
    ...['no', 'n', 'Off', 'false'].map((text): [string, unknown] => [text, false]),
    ...['~', 'null', ''].map((text): [string, unknown] => [text, null]),
    ['012', 10],
    ['0o17', 15],
    ['0x1f', 31],
    ['-0b11', -3],
    ['089', 89],
    ['1_000', 1000],
    ['1e3', 1000],
    ['.5', 0.5],
    // Tokens that look like numbers and are none.
    ['123e4567', '123e4567'],
    ['0x1234567890abcdef1234', '0x1234567890abcdef1234'],
    ['1:30', '1:30'],
    ['1.2.3', '1.2.3'],
    ['truE', 'truE'],
    ['-', '-'],
    ['+a', '+a'],
  ])('takes %s as kubectl does', (text, value) => {
    expect(plainValue(text)).toBe(value)
  })
})

it('reads UTF-16 after its mark, and refuses what is no UTF-8', () => {
  const little = Buffer.from('\ufeffa: b', 'utf16le')
  expect(readYaml(decodeText(little))).toEqual({ a: 'b' })
  expect(readYaml(decodeText(Buffer.from(little).swap16()))).toEqual({ a: 'b' })
  expect(() => decodeText(Buffer.from([0x61, 0xe4]))).toThrow(YamlFault)
})
