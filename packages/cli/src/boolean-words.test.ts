import { Command } from 'commander'
import { expect, test } from 'vitest'
import { withPlainBooleans } from './boolean-words.js'

const program = new Command('knest')
  .option('-q, --quiet')
  .option('--context <name>')
  .addCommand(
    new Command('delete')
      .alias('rm')
      .option('--yes')
      .option('--wait')
      .option('--dry-run')
      .option('--no-wait')
      .option('--out [file]'),
  )

test.each([
  ['--quiet=true delete a', '--quiet delete a'],
  ['delete a --yes=TRUE --wait=false', 'delete a --yes --no-wait'],
  ['rm a --yes=f --quiet=0', 'rm a'],
  ['delete a --no-wait=true', 'delete a --no-wait'],
  ['delete a --no-wait=false', 'delete a'],
  ['delete a --dry-run=client', 'delete a --dry-run'],
  ['delete a --dry-run=server', 'delete a --dry-run'],
  ['delete a --dry-run=none', 'delete a'],
  ['delete a --yes=client', 'delete a --yes=client'],
  ['delete a --yes=maybe', 'delete a --yes=maybe'],
  ['delete a --out=true --context=true', 'delete a --out=true --context=true'],
  ['--context --yes=true delete', '--context --yes=true delete'],
  ['--yes=true', '--yes=true'],
  ['delete a -- --yes=true', 'delete a -- --yes=true'],
])('%s', (typed, plain) => {
  expect(withPlainBooleans(program, typed.split(' ')).join(' ')).toBe(plain)
})
