import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NodeBackend, NodeHandle, NodeSpec } from '@knest/core'
import { missingImage } from './missing-image.js'

export interface NodeBackendSubject {
  readonly backend: NodeBackend
  /** A node that may be made and deleted. */
  readonly node: NodeSpec
  cleanUp(): Promise<void>
}

/** What every NodeBackend promises, whatever a node is. The setup may take minutes. */
export function describeNodeBackend(title: string, setUp: () => Promise<NodeBackendSubject>): void {
  describe(`${title} as a NodeBackend`, () => {
    let subject: NodeBackendSubject
    let node: NodeHandle
    const signal = new AbortController().signal
    const run = (...argv: readonly string[]): ReturnType<NodeHandle['exec']> =>
      node.exec(argv, { timeoutMs: 30_000, signal })

    beforeAll(async () => {
      subject = await setUp()
      node = await subject.backend.ensureNode(subject.node, signal)
    }, 300_000)
    afterAll(() => subject.cleanUp(), 300_000)

    it('adopts a node that is there: ensureNode again gives the same one', async () => {
      await run('touch', '/tmp/knest-contract')
      node = await subject.backend.ensureNode(subject.node, signal)
      expect((await run('test', '-e', '/tmp/knest-contract')).exitCode).toBe(0)
      await run('rm', '/tmp/knest-contract')
    })

    it('lists the node by its cluster, and nothing for a cluster it does not know', async () => {
      const { cluster, name, role, pool } = subject.node
      // A host may need a moment to see what it runs.
      const found = async (): Promise<unknown> => (await subject.backend.listNodes(cluster, signal))[0]
      await expect.poll(found, { timeout: 5_000 }).toMatchObject({ name, role, pool, phase: 'running' })
      expect(await subject.backend.listNodes({ ...cluster, name: 'unknown' }, signal)).toEqual([])
    })

    it('opens a node it has, and says not-found for one it has not', async () => {
      const { cluster, name } = subject.node
      expect((await subject.backend.openNode(cluster, name, signal)).name).toBe(name)
      await expect(subject.backend.openNode(cluster, 'unknown', signal)).rejects.toMatchObject({
        code: 'not-found',
      })
    })

    it('gives exit code, standard output and standard error apart', async () => {
      const result = await run('sh', '-c', 'echo out; echo err >&2; exit 7')
      expect(result).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' })
    })

    it('sends standard input whole and then ends it', async () => {
      const stdin = Buffer.alloc(3_000_000, 'k')
      const result = await node.exec(['wc', '-c'], { stdin, timeoutMs: 60_000, signal })
      expect(result.stdout.trim()).toBe('3000000')
    })

    it('ends a command that takes too long with timeout', async () => {
      const hanging = node.exec(['sleep', '60'], { timeoutMs: 500, signal })
      await expect(hanging).rejects.toMatchObject({ code: 'timeout' })
    })

    it('lets go of a command at once when aborted', async () => {
      const abort = new AbortController()
      const hanging = node.exec(['sleep', '60'], { timeoutMs: 60_000, signal: abort.signal })
      setTimeout(() => abort.abort(), 200)
      await expect(hanging).rejects.toThrow()
    })

    it('keeps a node as it is when it has the image that it shall get', async () => {
      if (subject.backend.upgradeNode === undefined) return
      await run('touch', '/tmp/knest-contract')
      node = await subject.backend.upgradeNode(subject.node, signal)
      expect((await run('test', '-e', '/tmp/knest-contract')).exitCode).toBe(0)
      await run('rm', '/tmp/knest-contract')
    })

    it('gives a node its image back when the host does not have the new one', async () => {
      if (subject.backend.upgradeNode === undefined) return
      const upgrading = subject.backend.upgradeNode({ ...subject.node, image: missingImage }, signal)
      await expect(upgrading).rejects.toMatchObject({ code: 'prerequisite' })
      node = await subject.backend.openNode(subject.node.cluster, subject.node.name, signal)
      expect((await run('true')).exitCode).toBe(0)
    }, 120_000)

    it('deletes a node, and is content when it is gone already', async () => {
      const { cluster, name } = subject.node
      await subject.backend.deleteNode(cluster, name, { keepData: false, signal })
      expect(await subject.backend.listNodes(cluster, signal)).toEqual([])
      await subject.backend.deleteNode(cluster, name, { keepData: false, signal })
    }, 120_000)
  })
}
