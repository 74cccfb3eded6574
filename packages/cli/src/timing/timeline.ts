import type { StepTime } from 'knest'

/** A stretch of an operation: a step, or time in which no step ran. Milliseconds since its start. */
export interface Bar {
  readonly title: string
  /** 1 for a part of the step above it. */
  readonly depth: number
  readonly startMs: number
  readonly endMs: number
  /** On the longest chain: whoever shortens it shortens the operation. */
  readonly critical: boolean
}

export interface Timeline {
  readonly totalMs: number
  /** In order of their start, parts behind their step. The critical ones follow each other without a gap and fill the whole time. */
  readonly bars: readonly Bar[]
}

export interface Span {
  readonly startMs: number
  readonly endMs: number
}

const between = '(between steps)'
/** Shorter gaps are a clock's grain. */
const grainMs = 5

/**
 * The chain is followed from its end: before each step comes the one it waited for longest, or, for steps that
 * waited for none, whatever ended last before they began.
 */
export function timelineOf(steps: readonly StepTime[], whole: Span): Timeline {
  const outer = steps.filter(({ within }) => within === undefined)
  const chain = criticalChain(outer)
  const bar = (title: string, { startMs, endMs }: Span, critical: boolean, depth = 0): Bar => ({
    title,
    depth,
    startMs: startMs - whole.startMs,
    endMs: endMs - whole.startMs,
    critical,
  })
  const gaps = gapsOf(chain, whole).map((gap) => bar(between, gap, true))
  const partsOf = (step: StepTime): readonly Bar[] =>
    steps.filter(({ within }) => within === step.id).map((part) => bar(part.title, part, false, 1))
  const rows = [
    ...outer.map((step) => [bar(step.title, step, chain.includes(step)), ...partsOf(step)] as const),
    ...gaps.map((gap) => [gap] as const),
  ]
  rows.sort(([a], [b]) => a.startMs - b.startMs || a.endMs - b.endMs)
  return { totalMs: whole.endMs - whole.startMs, bars: rows.flat() }
}

/** First to last. */
function criticalChain(steps: readonly StepTime[]): readonly StepTime[] {
  const chain: StepTime[] = []
  let next = lastOf(steps)
  while (next !== undefined) {
    chain.unshift(next)
    // A command that began anew has done steps of one name several times.
    next = before(
      next,
      steps.filter((step) => !chain.includes(step)),
    )
  }
  return chain
}

function before(step: StepTime, steps: readonly StepTime[]): StepTime | undefined {
  const earlier = steps.filter(({ endMs }) => endMs <= step.startMs)
  const awaited = earlier.filter(({ id }) => step.needs.includes(id))
  return lastOf(awaited.length > 0 ? awaited : earlier.filter(({ startMs }) => startMs < step.startMs))
}

function lastOf(steps: readonly StepTime[]): StepTime | undefined {
  return steps.reduce<StepTime | undefined>(
    (last, step) => (last === undefined || step.endMs > last.endMs ? step : last),
    undefined,
  )
}

function gapsOf(chain: readonly Span[], whole: Span): readonly Span[] {
  const ends = [whole.startMs, ...chain.map(({ endMs }) => endMs)]
  const starts = [...chain.map(({ startMs }) => startMs), whole.endMs]
  return ends
    .map((startMs, index) => ({ startMs, endMs: starts[index] ?? startMs }))
    .filter(({ startMs, endMs }) => endMs - startMs > grainMs)
}
