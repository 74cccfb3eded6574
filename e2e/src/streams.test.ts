import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCluster } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { nodesAre, patience } from './support/nodes.js'
import { openPipeRoom, type PipeOutcome, type PipeRoom } from './support/pipe.js'

const hundredMegabytes = 100_000_000
const fiveGigabytes = 5_000_000_000
/** What knest may have at most, however much it passes on. */
const mostMiB = 200

let cluster: TestCluster
let room: PipeRoom
let checksum: string

beforeAll(async () => {
  cluster = await createCluster(`e2e-streams-${nodesAre}`, '--worker-machine-count', '0')
  room = openPipeRoom(cluster, 'cp-0')
  const bytes = randomBytes(hundredMegabytes)
  checksum = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(join(room.folder, 'random'), bytes)
})
afterAll(async () => {
  room.remove()
  await cluster.remove()
})

/** Says how fast it was and how much memory it took. */
async function run(line: string): Promise<PipeOutcome> {
  const outcome = await room.run(line)
  console.log(`${line}: ${outcome.seconds.toFixed(1)} s, ${outcome.peakMiB.toFixed(0)} MiB`)
  return outcome
}

describe('knest ssh in a pipe', () => {
  it('carries a hundred megabytes of random bytes in, and in and out, as they are', async () => {
    const inward = await run('on -i -- sha256sum <random')
    expect(inward).toMatchObject({ code: 0, stdout: `${checksum}  -\n`, stderr: '' })
    const both = await run('on -i -- cat <random | sha256sum')
    expect(both).toMatchObject({ code: 0, stdout: `${checksum}  -\n`, stderr: '' })
    expect(Math.max(inward.peakMiB, both.peakMiB)).toBeLessThan(mostMiB)
  })

  it('gives everything to a reader that is slow, and keeps little of it meanwhile', async () => {
    const { peakMiB, ...outcome } = await run(
      `on -- head -c ${hundredMegabytes} /dev/zero | (sleep 5; wc -c)`,
    )
    expect(outcome).toMatchObject({ code: 0, stdout: `${hundredMegabytes}\n`, stderr: '' })
    expect(peakMiB).toBeLessThan(mostMiB)
  })

  it('gives the exit code of a command whose output a slow reader has not taken yet', async () => {
    const outcome = await run(`on -- sh -c 'head -c 1000000 /dev/zero; exit 7' | (sleep 4; wc -c)`)
    expect(outcome).toMatchObject({ code: 7, stdout: '1000000\n' })
  })

  it('takes a tar archive', async () => {
    const outcome = await run('mkdir a && echo b >a/b && tar -cz a | on -i -- tar tz')
    expect(outcome).toMatchObject({ code: 0, stdout: 'a/\na/b\n', stderr: '' })
  })

  it('ends with the command, though there is more to read', async () => {
    const { seconds, ...outcome } = await run('yes | on -i -- head -1; echo "${PIPESTATUS[1]}"')
    expect(outcome).toMatchObject({ stdout: 'y\n0\n', stderr: '' })
    expect(seconds).toBeLessThan(10 * patience)
    const idle = await run('on -i -- true < <(sleep 60 2>/dev/null)')
    expect(idle).toMatchObject({ code: 0, stderr: '' })
    expect(idle.seconds).toBeLessThan(10 * patience)
  })

  it('ends without a word when its reader goes', async () => {
    const { seconds, ...outcome } = await run('on -- yes | head -1; echo "${PIPESTATUS[0]}"')
    expect(outcome).toMatchObject({ stdout: 'y\n141\n', stderr: '' })
    expect(seconds).toBeLessThan(10 * patience)
  })

  it('gives 127 for a program that is not there and 126 for one that cannot be run, as a shell does', async () => {
    const missing = await run('on -- no-such-program')
    expect(missing).toMatchObject({ code: 127, stdout: '' })
    expect(missing.stderr).toMatch(/^\S*sh: .*no-such-program: (command )?not found\n$/)
    const refused = await run('on -- /etc/passwd')
    expect(refused).toMatchObject({ code: 126, stdout: '' })
    expect(refused.stderr).toMatch(/^\S*sh: .*\/etc\/passwd: Permission denied\n$/)
    expect(await run('echo | on -i -- no-such-program')).toMatchObject({ code: 127 })
  })
})

describe.skipIf(process.env.KNEST_TEST_LONG === undefined)('knest ssh and five gigabytes', () => {
  it.each([
    ['out, to a reader that sleeps 15 s', `on -- head -c ${fiveGigabytes} /dev/zero | (sleep 15; wc -c)`],
    ['in', `head -c ${fiveGigabytes} /dev/zero | on -i -- wc -c`],
  ])(
    '%s: all arrive, and knest stays small',
    async (_way, line) => {
      const { peakMiB, ...outcome } = await run(line)
      expect(outcome).toMatchObject({ code: 0, stdout: `${fiveGigabytes}\n`, stderr: '' })
      expect(peakMiB).toBeLessThan(mostMiB)
    },
    1_200_000,
  )
})
