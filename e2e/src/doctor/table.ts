import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Diagnosis, Finding } from 'knest'
import { patience } from '../support/nodes.js'
import { secondsUntil } from '../support/until.js'
import type { Fault } from './fault.js'
import type { Place } from './place.js'
import { exported, seed } from './seeds.js'

/** What it promises. */
const answerSeconds = 10
const isLong = process.env.KNEST_TEST_LONG !== undefined
/** As an error of knest has it: there is no such cluster. */
const notFound = 4

export interface Table {
  readonly create: () => Promise<Place>
  readonly faults: readonly Fault[]
  /** Whether other tests stand on the host, and may bring it to its limits. */
  readonly isShared: boolean
}

interface Seen extends Diagnosis {
  readonly code: number | null
  readonly seconds: number
  readonly text: string
}

/** Injects each fault of the table into one cluster, after which that is to be well again. */
export function testFaults({ create, faults, isShared }: Table): void {
  let place: Place
  let secrets: readonly string[] = []

  beforeAll(async () => {
    place = await create()
    if (isLong) secrets = await seed(place)
  })
  // It may be undefined: the one who makes it may fail.
  afterAll(() => (place as Place | undefined)?.remove())

  const look = async (env?: NodeJS.ProcessEnv): Promise<Seen> => {
    const begun = performance.now()
    const { code, stdout, stderr } = await place.try(['doctor', place.name, '-o', 'json'], { env: env ?? {} })
    const seconds = (performance.now() - begun) / 1000
    if (!stdout.startsWith('{')) throw new Error(`doctor ended with ${String(code)}: ${stderr}`)
    return { ...(JSON.parse(stdout) as Diagnosis), code, seconds, text: stdout }
  }
  const own = (found: readonly Finding[], fault?: Fault): readonly Finding[] =>
    found.filter(
      ({ area, severity, reason }) =>
        severity !== 'note' && (!isShared || area !== 'host' || reason === fault?.reason),
    )
  const untilWell = (what: string): Promise<number> =>
    secondsUntil(
      async () => {
        const { findings, unseen } = await look()
        const left = own(findings)
        if (left.length === 0 && (!isLong || unseen.length === 0)) return true
        throw new Error(JSON.stringify({ left, unseen }))
      },
      120 * patience,
      what,
    )
  const untilNamed = async (fault: Fault): Promise<Seen> => {
    const [wanted, also] = [`${fault.reason} ${fault.object(place)}`, new Set<string>(fault.also)]
    let seen: Seen | undefined
    const isNamed = async (): Promise<boolean> => {
      const now = await look(fault.env?.(place))
      seen = now
      const found = own(now.findings, fault)
      const strange = found.filter(
        ({ reason, object }) => `${reason} ${object}` !== wanted && !also.has(reason),
      )
      const isFound = found.some(({ reason, object }) => `${reason} ${object}` === wanted)
      // A busy machine keeps something from being looked at now and then, which is told, and is no other fault.
      const isWhole = !isLong || fault.hides === true || now.unseen.length === 0
      if (isFound && strange.length === 0 && isWhole) return true
      throw new Error(`wanted ${wanted}; ${JSON.stringify({ found, unseen: now.unseen })}`)
    }
    await secondsUntil(isNamed, 90 * patience, wanted)
    if (seen === undefined) throw new Error('it was looked at')
    return seen
  }

  it('names nothing in a cluster that is well', () => untilWell('a new cluster is well'))

  it.each(faults)('names $what, and its remedy works as it is printed', async (fault) => {
    let isUndone = false
    try {
      const begun = performance.now()
      await fault.inject(place)
      const seen = await untilNamed(fault)
      const named = (performance.now() - begun) / 1000
      expect(seen.code).toBe(1)
      expect(seen.seconds).toBeLessThan(answerSeconds * patience)
      if (isLong) await expectNoSecrets(seen)
      const finding = seen.findings.find(
        ({ reason, object }) => reason === fault.reason && object === fault.object(place),
      )
      await fault.first?.(place)
      expect(await follow(fault, finding?.remedy ?? '')).toMatch(fault.prints ?? /^/)
      isUndone = true
      await fault.byHand?.(place)
      const well = fault.isTheEnd === true ? await untilGone() : await untilWell(`well after ${fault.reason}`)
      console.log(
        `${fault.reason}: named after ${named.toFixed(1)} s, answered in ${seen.seconds.toFixed(1)} s, well ${well.toFixed(1)} s after its remedy`,
      )
    } finally {
      // What is next begins with a cluster that is well.
      if (!isUndone) await fault.byHand?.(place).catch(() => undefined)
    }
  })

  const expectNoSecrets = async ({ text }: Seen): Promise<void> => {
    const bundle = `${text}${await exported(place)}`
    expect(secrets.length).toBeGreaterThan(12)
    expect(secrets.filter((secret) => bundle.includes(secret))).toEqual([])
  }
  /** Runs the command of the remedy that is meant; gives what it printed. */
  const follow = async ({ remedy }: Fault, text: string): Promise<string> => {
    const commands = [...text.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command)
    const command = commands.find((each) => remedy.test(each))
    if (command !== undefined) return place.paste(command)
    expect(text).toMatch(remedy)
    return ''
  }
  const untilGone = (): Promise<number> =>
    secondsUntil(
      async () => (await place.try(['doctor', place.name])).code === notFound,
      60,
      'the cluster is gone',
    )
}
