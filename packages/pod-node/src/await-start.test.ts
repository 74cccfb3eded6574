import { setTimeout as delay } from 'node:timers/promises'
import { KnestError } from '@knest/core'
import type { NodeHandle } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { awaitStart } from './await-start.js'

const done = { exitCode: 0, stdout: '', stderr: '' }
const signal = new AbortController().signal

/** A node whose container takes commands from the given try on. */
function nodeFrom(works: number, why = 'container not found'): NodeHandle & { tries: number } {
  const node = {
    tries: 0,
    name: 'a-cp-0',
    role: 'control-plane' as const,
    exec: () => Promise.reject(new Error('not here')),
    execText: () => {
      node.tries++
      return node.tries >= works
        ? Promise.resolve(done)
        : Promise.reject(new KnestError('host-unreachable', why))
    },
    dial: () => Promise.reject(new Error('not here')),
    terminal: () => Promise.reject(new Error('not here')),
  }
  return node
}

describe('awaitStart', () => {
  it('does not wait for the host to tell', async () => {
    const node = nodeFrom(3)
    expect(await awaitStart(node, delay(60_000, undefined, { ref: false }), signal)).toEqual(done)
    expect(node.tries).toBe(3)
  })

  it('fails as soon as the host says that the pod cannot run', async () => {
    const refused = delay(20).then(() => Promise.reject(new KnestError('prerequisite', 'no such image')))
    await expect(awaitStart(nodeFrom(Infinity), refused, signal)).rejects.toThrow('no such image')
  })

  it('takes no excuse once the container runs', async () => {
    const node = nodeFrom(Infinity)
    await expect(awaitStart(node, delay(20), signal)).rejects.toThrow('container not found')
    expect(node.tries).toBe(2)
  })

  it.each([
    'exec: "knest-init": executable file not found in $PATH',
    'executable file `knest-init` not found in $PATH: No such file or directory',
  ])('an image without the program is nothing that may pass: %s', async (why) => {
    const started = awaitStart(nodeFrom(Infinity, why), delay(20), signal)
    await expect(started).rejects.toMatchObject({
      code: 'prerequisite',
      message: `the image of node "a-cp-0" is no node image: ${why}`,
    })
  })
})
