import { expect, test } from 'vitest'
import { notStarted } from './not-started.js'

test.each([
  [1, '', 'disk is full\n', 'prerequisite', 'node "a" did not start: disk is full'],
  [1, 'no containerd\n', '', 'prerequisite', 'node "a" did not start: no containerd'],
  [137, '', '', 'host-unreachable', 'node "a" ended while it started'],
  [143, '', '', 'host-unreachable', 'node "a" ended while it started'],
])('a node that was asked and answered %i', (exitCode, stdout, stderr, code, message) => {
  expect(notStarted('a', { exitCode, stdout, stderr }, 'see')).toMatchObject({ code, message, hint: 'see' })
})
