import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAddressRange } from '@knest/core'
import type { AddressAdapter, AddressHolder, AddressOptions, ClusterRef } from '@knest/core'

export interface AddressAdapterSubject {
  /** Opens an adapter as another process would: only the host is shared. */
  open(options: AddressOptions): AddressAdapter
  /** A range `A-B` of exactly eight addresses that are free and that the host can give. */
  readonly range: string
  /** An address that the host never gives. */
  readonly outside: string
  cleanUp(): Promise<void>
}

const first = { name: 'first', namespace: 'knest-contract-first' }
const second = { name: 'second', namespace: 'knest-contract-second' }
const nodes = ['cp-0', 'worker-0', 'worker-1', 'worker-2']

/** What every AddressAdapter promises: the tests are one story and run in order. */
export function describeAddressAdapter(title: string, setUp: () => Promise<AddressAdapterSubject>): void {
  describe(`${title} as an AddressAdapter`, () => {
    let subject: AddressAdapterSubject
    let clusters: AddressHolder[] = [first, second]
    const signal = new AbortController().signal

    const open = (cluster: ClusterRef, options: Partial<AddressOptions> = {}): AddressAdapter =>
      subject.open({
        cluster,
        candidates: [subject.range],
        nodes: nodes.length,
        clusters: () => Promise.resolve(clusters),
        ...options,
      })
    const messages = async (adapter: AddressAdapter): Promise<string> => {
      const problems = await adapter.preflight(signal)
      return problems
        .filter(({ severity }) => severity === 'error')
        .map(({ message }) => message)
        .join('\n')
    }
    const reserveAll = async (cluster: ClusterRef): Promise<readonly string[]> => {
      const adapter = open(cluster)
      const reservations = await Promise.all(nodes.map((node) => adapter.reserve(cluster, node, signal)))
      return reservations.map(({ ip }) => ip)
    }
    const ips = async (cluster: ClusterRef): Promise<readonly string[]> =>
      (await open(cluster).list(cluster, signal)).map(({ reservation }) => reservation.ip).sort()

    beforeAll(async () => {
      subject = await setUp()
    }, 120_000)
    afterAll(async () => {
      for (const cluster of [first, second]) {
        const adapter = open(cluster)
        for (const { node } of await adapter.list(cluster, signal))
          await adapter.release(cluster, node, signal)
      }
      await subject.cleanUp()
    }, 120_000)

    it('finds nothing wrong with addresses that are free', async () => {
      expect(await messages(open(first))).toBe('')
    })

    it('refuses too few addresses, and addresses the host does not give', async () => {
      const [only = ''] = subject.range.split('-')
      expect(await messages(open(first, { candidates: [only] }))).not.toBe('')
      expect(await messages(open(first, { candidates: [subject.outside], nodes: 1 }))).not.toBe('')
    })

    it('has changed nothing so far', async () => {
      expect(await ips(first)).toEqual([])
    })

    it('gives a lease of the range, with a MAC of its own, that the annotations ask for', async () => {
      const reservation = await open(first).reserve(first, 'cp-0', signal)
      const range = parseAddressRange(subject.range)
      const { first: address } = parseAddressRange(reservation.ip)
      expect(address).toBeGreaterThanOrEqual(range.first)
      expect(address).toBeLessThanOrEqual(range.last)
      expect(reservation.mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/)
      expect(Object.values(reservation.annotations).join(' ')).toContain(reservation.ip)
    })

    it('gives the same node the same reservation again, whoever asks', async () => {
      const one = await open(first).reserve(first, 'cp-0', signal)
      expect(await open(first).reserve(first, 'cp-0', signal)).toEqual(one)
      expect(await open(first).list(first, signal)).toEqual([{ node: 'cp-0', reservation: one }])
    })

    it('refuses addresses another cluster has, before anything is made', async () => {
      expect(await messages(open(second))).toMatch(/cluster/)
      expect(await messages(open(first))).toBe('')
    })

    it('gives two clusters that begin at the same moment no address twice', async () => {
      const [ofFirst, ofSecond] = await Promise.all([reserveAll(first), reserveAll(second)])
      expect(new Set([...ofFirst, ...ofSecond]).size).toBe(2 * nodes.length)
      expect(await ips(first)).toEqual([...ofFirst].sort())
      expect(await ips(second)).toEqual([...ofSecond].sort())
    })

    it('refuses a node when no address is left, and keeps what is there', async () => {
      await expect(open(first).reserve(first, 'worker-3', signal)).rejects.toMatchObject({
        code: 'prerequisite',
      })
      expect(await ips(first)).toHaveLength(nodes.length)
    })

    it('knows nothing of another cluster of the same name', async () => {
      expect(await ips({ ...first, namespace: 'elsewhere' })).toEqual([])
    })

    it('frees the address of a node, and is content when it is free already', async () => {
      const adapter = open(second)
      const freed = await adapter.reserve(second, 'worker-2', signal)
      await adapter.release(second, 'worker-2', signal)
      await adapter.release(second, 'worker-2', signal)
      expect(await ips(second)).toHaveLength(nodes.length - 1)
      expect((await open(first).reserve(first, 'worker-3', signal)).ip).toBe(freed.ip)
      await open(first).release(first, 'worker-3', signal)
    })

    it('frees what a cluster left behind that is no more', async () => {
      clusters = [second]
      const adapter = open(second)
      expect(await messages(adapter)).toBe('')
      for (const node of ['worker-2', 'worker-3', 'worker-4', 'worker-5', 'worker-6'])
        await adapter.reserve(second, node, signal)
      expect(await ips(second)).toHaveLength(2 * nodes.length)
      expect(await ips(first)).toEqual([])
    })
  })
}
