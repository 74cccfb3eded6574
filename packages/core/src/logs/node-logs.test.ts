import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { nodeLogsCommand, parseNodeLogs } from './node-logs.js'

test('what a node prints is read back, file by file', () => {
  const output =
    '\nMARK 5 5 kubelet.log\na\nbc\n\nMARK 3 900 pods/etcd-a/etcd/0.log\nend\nMARK 0 70 pods/x/y/0.log\n'
  expect(parseNodeLogs(output, 'MARK')).toEqual({
    files: [
      { path: 'kubelet.log', text: 'a\nbc\n' },
      { path: 'pods/etcd-a/etcd/0.log', text: 'end' },
    ],
    cut: ['pods/etcd-a/etcd/0.log: the last 3 of 900 bytes', 'pods/x/y/0.log: the last 0 of 70 bytes'],
  })
})

test('output that ends in the middle gives what came', () => {
  expect(parseNodeLogs('noise\nMARK 9 9 a.log\nha', 'MARK').files).toEqual([{ path: 'a.log', text: 'ha' }])
  expect(parseNodeLogs('', 'MARK')).toEqual({ files: [], cut: [] })
})

test('the command runs where there is nothing of a node, and keeps to its budget', () => {
  const { argv, stdin } = nodeLogsCommand('MARK', 200)
  const [program = '', ...args] = argv
  const { files } = parseNodeLogs(execFileSync(program, args, { encoding: 'utf8', input: stdin }), 'MARK')
  const bytes = files.reduce((sum, { text }) => sum + text.length, 0)
  expect(bytes).toBeLessThanOrEqual(200 + files.length)
})
