import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import {
  copyExample,
  createReaderHome,
  exampleNames,
  expectShown,
  readDocument,
  runBlock,
  shellBlocks,
  whyNotRun,
} from './support/readme.js'

/** Clusters of an example that somebody tried by hand are left alone. */
const renamed = (text: string): string =>
  text.replaceAll('example-', 'e2e-example-').replaceAll('knest-host', hostContext)

describe.each(exampleNames())('examples/%s', (example) => {
  const text = readDocument(`examples/${example}/README.md`)
  let home: TestHome
  let folder: string

  const ownClusters = async (): Promise<readonly string[]> => {
    const { code, stdout, stderr } = await runKnest(home, ['list', '-o', 'name', '--context', hostContext])
    expect(code, stderr).toBe(0)
    return stdout.split('\n').filter((name) => name.startsWith('e2e-example-'))
  }
  const removeClusters = async (): Promise<void> => {
    for (const name of await ownClusters()) await runKnest(home, ['delete', name, '--context', hostContext])
  }

  beforeAll(async () => {
    home = createReaderHome()
    folder = copyExample(home, example, renamed)
    await removeClusters()
  })
  afterAll(async () => {
    await removeClusters()
    home.remove()
  })

  it.for(shellBlocks(text))('line $line: $script', async (block, { skip }) => {
    const reason = whyNotRun(block)
    if (reason !== undefined) {
      console.log(`examples/${example}/README.md line ${block.line} is not run: ${reason}`)
      skip(reason)
    }
    const outcome = await runBlock(home, renamed(block.script), folder)
    expectShown(outcome, block.shown === undefined ? undefined : renamed(block.shown))
  })

  it('leaves no cluster behind', async () => {
    expect(await ownClusters()).toEqual([])
  })
})
