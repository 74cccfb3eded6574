#!/usr/bin/env node
// Runs commands in a terminal and writes what is on its screen at the end of each, for terminal.mjs:
//   node docs/images/record.mjs docs/images/run.txt 'knest create quickstart' 'kubectl get nodes'
// Needs script of util-linux.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const [target, ...commands] = process.argv.slice(2)
if (target === undefined || commands.length === 0) {
  console.error('usage: node docs/images/record.mjs FILE.txt COMMAND...')
  process.exit(2)
}

const escape = '\u001b'
/** An escape sequence with its first number and its letter, or a character. */
const piece = new RegExp(`(${escape}\\[\\??(\\d*)[\\d;]*([A-Za-z]))|([^${escape}])`, 'g')

const screens = commands.map((command) => {
  const words = ['--quiet', '--return', '--command', `stty cols 140 rows 60; ${command}`, '/dev/null']
  const { status, stdout } = spawnSync('script', words, {
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  if (status !== 0) {
    console.error(`"${command}" ended with ${status}:\n${stdout}`)
    process.exit(1)
  }
  return `$ ${command}\n${lastFrame(stdout)}\n`
})
writeFileSync(target, screens.join('\n'))

/** What is left of a terminal's output once everything that was drawn over is gone. */
function lastFrame(output) {
  const lines = ['']
  let row = 0
  let column = 0
  for (const [, , value = '', code, character] of output.matchAll(piece)) {
    const count = Number(value) || 1
    if (code === 'A') row = Math.max(0, row - count)
    else if (code === 'B') row += count
    else if (code === 'G') column = count - 1
    else if (code === 'K') lines[row] = value === '' ? (lines[row] ?? '').slice(0, column) : ''
    else if (code === 'J') lines.length = row + 1
    else if (character === '\n') row++
    else if (character === '\r') column = 0
    else if (character !== undefined) {
      lines[row] =
        (lines[row] ?? '').padEnd(column).slice(0, column) + character + (lines[row] ?? '').slice(column + 1)
      column++
    }
    while (lines.length <= row) lines.push('')
  }
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd()
}
