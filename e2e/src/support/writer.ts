import { expect } from 'vitest'
import type { KubeApi } from 'knest'
import { never, within } from './cluster.js'
import type { TestCluster } from './cluster.js'

const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
const namespace = 'writes'
const intervalMs = 100
const timeoutMs = 5_000
const writesPerConnection = 10
/** Many times what is measured, for machines at work: docs/reliability.md. */
const mostSecondsAway = 10

export interface Writer {
  /** Ends the writing and looks for everything that was acknowledged. */
  stop(): Promise<Written>
}

export interface Written {
  readonly acknowledged: number
  readonly failed: number
  /** Names of acknowledged writes that the cluster no longer has. */
  readonly lost: readonly string[]
  /** The longest time between two acknowledged writes, in seconds. */
  readonly longestGap: number
}

/**
 * A client that writes every 100 ms, whatever became of the writes before. It connects anew every second,
 * so that it meets every API server behind the Service.
 */
export async function startWriter(cluster: TestCluster, run: string): Promise<Writer> {
  let api = await cluster.reopen()
  await api.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { signal: within(10_000) },
  )
  const acknowledged: { readonly name: string; readonly at: number }[] = []
  const underWay = new Set<Promise<void>>()
  let failed = 0
  let count = 0
  const connect = async (): Promise<void> => {
    const old = api
    api = await cluster.reopen()
    setTimeout(() => old.close(), 2 * timeoutMs).unref()
  }
  const write = async (name: string, over: KubeApi): Promise<void> => {
    try {
      await over.apply(
        { ...kind, metadata: { name, namespace }, data: { name } },
        { signal: within(timeoutMs) },
      )
      acknowledged.push({ name, at: Date.now() })
    } catch {
      failed++
    }
  }
  const timer = setInterval(() => {
    if (count % writesPerConnection === 0) void connect()
    const writing = write(`${run}-${count++}`, api).finally(() => underWay.delete(writing))
    underWay.add(writing)
  }, intervalMs)

  return {
    stop: async () => {
      clearInterval(timer)
      await Promise.all(underWay)
      const found = await cluster.api.list(kind, { namespace, signal: never })
      const names = new Set(found.map(({ metadata }) => metadata.name))
      const times = acknowledged.map(({ at }) => at)
      const gaps = times.map((at, index) => at - (times[index - 1] ?? at))
      return {
        acknowledged: acknowledged.length,
        failed,
        lost: acknowledged.filter(({ name }) => !names.has(name)).map(({ name }) => name),
        longestGap: Math.max(0, ...gaps) / 1000,
      }
    },
  }
}

/** Says what became of the writes, and expects that none is lost and the API was never away for long. */
export function expectKept(
  title: string,
  { acknowledged, failed, lost, longestGap }: Written,
  mostSeconds = mostSecondsAway,
): void {
  console.log(
    `${title}: ${acknowledged} writes acknowledged, ${failed} failed, longest time without one ${longestGap.toFixed(1)} s`,
  )
  expect(lost).toEqual([])
  expect(longestGap).toBeLessThan(mostSeconds)
}
