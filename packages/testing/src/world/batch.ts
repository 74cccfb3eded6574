import { shownBy } from './known-faults.js'
import { storyOf, tell } from './story.js'

export interface BatchOptions {
  readonly from: number
  readonly count: number
  /** Between two seeds: who shares the work takes every second, third or so on. */
  readonly step: number
  /** No new seed is begun after so many. */
  readonly seconds: number
  /** Told what a seed has shown, as soon as it is known, and now and then how far it has come. */
  readonly say: (text: string) => void
}

export interface BatchResult {
  readonly seeds: number
  readonly steps: number
  /** Promises that broke in a way that is not known. */
  readonly news: readonly { readonly seed: number; readonly said: string }[]
  /** Seeds by the known fault that they show. */
  readonly known: Readonly<Record<string, readonly number[]>>
  /** Operations, phases and faults that met. */
  readonly coverage: readonly string[]
}

/** Tells the stories of many seeds. */
export async function runBatch({ from, count, step, seconds, say }: BatchOptions): Promise<BatchResult> {
  const began = Date.now()
  const coverage = new Set<string>()
  const news: { seed: number; said: string }[] = []
  const known: Record<string, number[]> = {}
  let steps = 0
  let seeds = 0
  for (let seed = from; seeds < count && Date.now() - began < seconds * 1_000; seed += step) {
    const story = await tell(storyOf(seed))
    seeds++
    steps += story.steps
    for (const met of story.coverage) coverage.add(met)
    const shown = shownBy(story.broken)
    if (shown.known !== undefined) (known[shown.known.key] ??= []).push(seed)
    for (const { promise, text } of shown.news) news.push({ seed, said: `${promise}: ${text}` })
    if (shown.known !== undefined) say(`seed ${seed}: known: ${shown.known.key}`)
    if (shown.news[0] !== undefined) say(`seed ${seed}: ${shown.news[0].promise}: ${shown.news[0].text}`)
    if (seeds % 100 === 0) say(`${seeds} of ${count} seeds, the last is ${seed}`)
  }
  return { seeds, steps, news, known, coverage: [...coverage] }
}

/** What several have found together. */
export function merged(results: readonly BatchResult[]): BatchResult {
  const keys = [...new Set(results.flatMap(({ known }) => Object.keys(known)))].sort()
  const seedsOf = (key: string): number[] => results.flatMap(({ known }) => known[key] ?? [])
  return {
    seeds: results.reduce((sum, { seeds }) => sum + seeds, 0),
    steps: results.reduce((sum, { steps }) => sum + steps, 0),
    news: results.flatMap(({ news }) => news).sort((a, b) => a.seed - b.seed),
    known: Object.fromEntries(keys.map((key) => [key, seedsOf(key).sort((a, b) => a - b)])),
    coverage: [...new Set(results.flatMap(({ coverage }) => coverage))],
  }
}
