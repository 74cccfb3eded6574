import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { yamlText } from './yaml-text.js'

test.each([
  ...['on', 'off', 'yes', 'no', 'y', 'n', 'Yes', 'OFF', 'true', 'False', 'null', '~', ''],
  ...['0b1', '1e3', '1E-3', '0o7', '0x1f', '017', '08', '1_000', '12:30', '1:20:30', '+1', '.5', '1.', '1.5'],
  ...['.inf', '.nan', '-.INF', '2001-01-01', '=', '<<', '-', '123', '0'],
])('%j is a text for every reader, as a value and as a key', (text) => {
  for (const written of [yamlText({ name: text }), yamlText({ [text]: 1 }), yamlText([text])])
    expect(written).toContain(`"${text}"`)
  for (const version of ['1.1', '1.2'] as const)
    expect(parse(yamlText({ name: text, list: [text] }), { version })).toEqual({ name: text, list: [text] })
})

test.each([
  ...['quickstart', 'once', 'nose', 'v1.35.4', '1.35.4', '10.200.0.0/16', '4Gi', '500m', 'on-cp-0'],
  ...['https://10.1.2.3:6443', 'a:b', '127.0.0.1'],
])('%j needs no quotes', (text) => {
  expect(yamlText({ name: text })).toBe(`name: ${text}\n`)
})
