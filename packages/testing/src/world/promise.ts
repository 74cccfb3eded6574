import type { Disk } from './disk.js'
import type { Machine } from './machine.js'
import type { Nested } from './nested.js'
import type { Process } from './process.js'
import type { Change, Writer } from './store.js'

/** What the promises remember. */
export interface Seen {
  /** Objects of others, as `Kind namespace/name`. */
  readonly foreign: Set<string>
  /** The first authority of each record, by its uid. */
  readonly authorities: Map<string, string>
  /** Who wrote which identity into a Lease, and when it was renewed by the clock of the world. */
  readonly holders: Map<string, { readonly by: Writer; renewedAt: number }>
  /** Since when knest takes a node away, by `namespace/name`. */
  readonly leaving: Map<string, number>
  /** Disks that others than knest took, by the pool of their node. */
  readonly taken: { readonly pool: string; readonly at: number }[]
}

/** A promise of knest. Each of its eyes gives what is wrong, or undefined. */
export interface WorldPromise<World> {
  readonly name: string
  readonly onChange?: (world: World, change: Change, nested: Nested | undefined) => string | undefined
  /** What holds a disk was deleted. `risk`: quorum had its disks, and will not have them any more. */
  readonly onDiskGoing?: (world: World, disk: Disk, by: Writer, risk: boolean) => string | undefined
  readonly onDiskGone?: (world: World, disk: Disk, by: Writer) => string | undefined
  readonly onCall?: (world: World, process: Process, call: string) => string | undefined
  readonly onStart?: (world: World, machine: Machine) => string | undefined
  /** Every two seconds. */
  readonly always?: (world: World) => string | undefined
}
