import { expect, test } from 'vitest'
import { parseLabelSelector } from './label-selector.js'

const labels = { app: 'web', tier: '', rank: '7', 'example.com/job': '12' }

test.each([
  ['', true],
  [' ', true],
  ['app', true],
  ['other', false],
  ['!other', true],
  ['! app', false],
  ['app=web', true],
  ['app==web', true],
  ['app = web , tier=', true],
  ['app!=web', false],
  ['other!=web', true],
  ['tier=', true],
  ['other=', false],
  ['app in (api,web)', true],
  ['app in (api, web ), rank', true],
  ['app notin (api)', true],
  ['other notin (web)', true],
  ['other in (web)', false],
  ['tier in ()', true],
  ['example.com/job=12', true],
  ['rank>6', true],
  ['rank < 7', false],
  ['app>1', false],
  ['constructor', false],
])('%j matches as in Kubernetes: %s', (selector, expected) => {
  expect(parseLabelSelector(selector)?.matches(labels)).toBe(expected)
})

test.each([
  ...[
    'app=web,',
    ',app',
    'app=web,,tier',
    'app web',
    'app in web',
    'app in (web',
    'app in',
    '!app=web',
    '=web',
  ],
  ...['a/b/c=1', 'app=we b', 'app=-web', 'app===web', 'rank>six', 'app=(web)', 'app=web;tier', '-app'],
])('%j is refused', (selector) => {
  expect(parseLabelSelector(selector)).toBeUndefined()
})

test.each([
  ['', true],
  [' ', true],
  ['a', false],
])('%j asks for nothing: %s', (selector, isEmpty) => {
  expect(parseLabelSelector(selector)?.isEmpty).toBe(isEmpty)
})
