import { createHash, randomBytes } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import type { NodeBackend, NodeHandle, NodeSpec } from '@knest/core'
import { missingImage } from './missing-image.js'

export interface NodeBackendSubject {
  readonly backend: NodeBackend
  /** A node that may be made and deleted. */
  readonly node: NodeSpec
  cleanUp(): Promise<void>
}

/** Far less than the command that would go on, far more than a busy machine needs. */
const soonMs = 20_000

/** What every NodeBackend promises, whatever a node is. The setup may take minutes. */
export function describeNodeBackend(title: string, setUp: () => Promise<NodeBackendSubject>): void {
  describe(`${title} as a NodeBackend`, () => {
    let subject: NodeBackendSubject
    let node: NodeHandle
    const signal = new AbortController().signal
    // Nodes of fakes are this machine, and other suites run on it meanwhile.
    const marker = `/tmp/knest-contract-${randomBytes(6).toString('hex')}`
    const run = (...argv: readonly string[]): ReturnType<NodeHandle['execText']> =>
      node.execText(argv, { timeoutMs: 30_000, signal })

    beforeAll(async () => {
      subject = await setUp()
      node = await subject.backend.ensureNode(subject.node, signal)
    }, 300_000)
    afterAll(() => subject.cleanUp(), 300_000)

    it('adopts a node that is there: ensureNode again gives the same one', async () => {
      await run('touch', marker)
      node = await subject.backend.ensureNode(subject.node, signal)
      expect((await run('test', '-e', marker)).exitCode).toBe(0)
      await run('rm', marker)
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
      const result = await node.execText(['wc', '-c'], { stdin, timeoutMs: 60_000, signal })
      expect(result.stdout.trim()).toBe('3000000')
    })

    it('passes bytes on as they are, both ways', async () => {
      const bytes = randomBytes(5_000_000)
      const seen = new Taker()
      const exitCode = await node.exec(['cat'], {
        ...{ timeoutMs: 120_000, signal, stderr: new Taker(), stdout: seen },
        stdin: Readable.from([bytes.subarray(0, 1_000_001), bytes.subarray(1_000_001)]),
      })
      expect(exitCode).toBe(0)
      expect(seen.hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    }, 120_000)

    it('loses nothing on a slow reader', async () => {
      const seen = new Taker(2_000)
      const both = 'head -c 5000000 /dev/zero; head -c 500000 /dev/zero >&2'
      const script = `${both}; ${both}; ${both}; ${both}; echo end >&2; exit 3`
      const stderr = new Taker()
      const limits = { timeoutMs: 120_000, signal }
      expect(await node.exec(['sh', '-c', script], { ...limits, stdout: seen, stderr })).toBe(3)
      expect(seen.bytes).toBe(20_000_000)
      expect(stderr.bytes).toBe(2_000_004)
    }, 120_000)

    it('ends with the command though its input goes on', async () => {
      const endless = new Readable({
        read() {
          this.push(Buffer.alloc(16_384, 'y\n'))
        },
      })
      const seen = new Taker()
      const output = { stdout: seen, stderr: new Taker() }
      const started = Date.now()
      expect(
        await node.exec(['head', '-n', '1'], { ...output, timeoutMs: 60_000, signal, stdin: endless }),
      ).toBe(0)
      expect(seen.bytes).toBe(2)
      expect(endless.destroyed).toBe(true)
      expect(Date.now() - started).toBeLessThan(10_000)
    }, 60_000)

    it('fails with the error of an output that takes no more', async () => {
      const gone = new Writable({
        write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
      })
      const endless = node.exec(['yes'], { timeoutMs: 60_000, signal, stdout: gone, stderr: new Taker() })
      await expect(endless).rejects.toMatchObject({ code: 'EPIPE' })
    }, 60_000)

    it.each([
      { code: 127, what: 'is not there', program: 'no-such-program' },
      { code: 127, what: 'is not there', program: '/no/such/program' },
      { code: 126, what: 'cannot be run', program: '/etc/passwd' },
    ])('gives $code for a program that $what: $program', async ({ code, program }) => {
      const { exitCode, stderr } = await run(program, 'argument')
      expect(exitCode).toBe(code)
      expect(stderr).toContain(program)
      const stdin = Readable.from(['input'])
      const output = { stdout: new Taker(), stderr: new Taker() }
      expect(await node.exec([program], { ...output, stdin, timeoutMs: 30_000, signal })).toBe(code)
    })

    it('ends a command that takes too long with timeout', async () => {
      const started = Date.now()
      const hanging = node.execText(['sleep', '60'], { timeoutMs: 500, signal })
      await expect(hanging).rejects.toMatchObject({ code: 'timeout' })
      expect(Date.now() - started).toBeLessThan(soonMs)
    }, 90_000)

    it('lets go of a command at once when aborted', async () => {
      const abort = new AbortController()
      const started = Date.now()
      const hanging = node.execText(['sleep', '60'], { timeoutMs: 60_000, signal: abort.signal })
      setTimeout(() => abort.abort(), 200)
      await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
      expect(Date.now() - started).toBeLessThan(soonMs)
    }, 90_000)

    /** Ends the test as skipped, and says why, for a backend that cannot change images. */
    const upgraderFor = (context: TestContext): NonNullable<NodeBackend['upgradeNode']> => {
      const { backend } = subject
      if (backend.upgradeNode !== undefined) return backend.upgradeNode.bind(backend)
      const why = `backend "${backend.name}" gives no node another image`
      console.log(`skipped: ${why}`)
      return context.skip(why)
    }

    it('keeps a node as it is when it has the image that it shall get', async (context) => {
      const upgradeNode = upgraderFor(context)
      await run('touch', marker)
      node = await upgradeNode(subject.node, signal)
      expect((await run('test', '-e', marker)).exitCode).toBe(0)
      await run('rm', marker)
    })

    it('gives a node its image back when the host does not have the new one', async (context) => {
      const upgrading = upgraderFor(context)({ ...subject.node, image: missingImage }, signal)
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

/** Counts and hashes what it is given; rests before it takes its first piece. */
class Taker extends Writable {
  readonly hash = createHash('sha256')
  bytes = 0
  readonly #restMs: number

  constructor(restMs = 0) {
    super()
    this.#restMs = restMs
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const isFirst = this.bytes === 0
    this.bytes += chunk.length
    this.hash.update(chunk)
    if (isFirst && this.#restMs > 0) setTimeout(done, this.#restMs)
    else done()
  }
}
