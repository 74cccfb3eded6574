import { beforeAll, describe, expect, it } from 'vitest'
import { hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import {
  createReaderHome,
  expectShown,
  readReadme,
  runBlock,
  shellBlocks,
  whyNotRun,
} from './support/readme.js'
import type { ShellBlock } from './support/readme.js'

const cluster = 'quickstart'

describe('the README', () => {
  const markdown = readReadme()
  let home: TestHome
  let name = cluster

  beforeAll(async () => {
    home = createReaderHome()
    const there = await runKnest(home, ['list', '-o', 'name', '--context', hostContext])
    expect(there.code, there.stderr).toBe(0)
    // Somebody's own cluster of that name is left alone.
    if (there.stdout.split('\n').includes(cluster)) name = 'e2e-readme'
    const remove = () => runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    if (name !== cluster) await remove()
    return async () => {
      await remove()
      home.remove()
    }
  })

  const adapted = (text: string): string =>
    text.replaceAll(cluster, name).replaceAll('knest-host', hostContext)

  it('keeps its commands in blocks that are run here', () => {
    expect(markdown).not.toMatch(/^```(bash|shell|console|zsh|shell-session)\b/m)
    expect(markdown).not.toMatch(/^ {4}(knest|kubectl|\.\/hack)/m)
  })

  it.for(titled(shellBlocks(markdown)))('line $line: $title', async (block, { skip }) => {
    const reason = whyNotRun(block)
    if (reason !== undefined) {
      console.log(`README.md line ${block.line} is not run: ${reason}`)
      skip(reason)
    }
    const outcome = await runBlock(home, adapted(block.script))
    expectShown(outcome, block.shown === undefined ? undefined : adapted(block.shown))
  })
})

function titled(blocks: readonly ShellBlock[]): readonly (ShellBlock & { readonly title: string })[] {
  return blocks.map((block) => ({ ...block, title: block.script.trim().split('\n').at(0) ?? '' }))
}
