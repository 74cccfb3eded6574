import { expect, it } from 'vitest'
import { wordsOf } from './guest-shell.js'

it.each<[string, readonly string[]]>([
  ['knest-init ready --wait 50', ['knest-init', 'ready', '--wait', '50']],
  ["sh -c 'echo a\nexit 7' name", ['sh', '-c', 'echo a\nexit 7', 'name']],
  [`bash -c 'it'\\''s' ''`, ['bash', '-c', "it's", '']],
])('takes %j apart as a shell does', (commandLine, words) => {
  expect(wordsOf(commandLine)).toEqual(words)
})
