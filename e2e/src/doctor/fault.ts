import type { Finding } from 'knest'
import type { Place } from './place.js'

type Reason = Finding['reason']

/** Something that is done to a cluster or its host, and what `knest doctor` has to say of it. */
export interface Fault {
  readonly what: string
  readonly inject: (place: Place) => Promise<unknown>
  readonly reason: Reason
  /** As in `node/a-worker-0`. */
  readonly object: (place: Place) => string
  /** What else may be named as long as it lasts: other sides of the same fault. */
  readonly also?: readonly Reason[]
  /** What the remedy tells to do before its command. */
  readonly first?: (place: Place) => Promise<unknown>
  /** The command of the remedy that is run as it was printed; of a remedy without commands, its text. */
  readonly remedy: RegExp
  /** What that command has to print. */
  readonly prints?: RegExp
  /** What the remedy tells to do besides, as only somebody who knows what was done can do it. */
  readonly byHand?: (place: Place) => Promise<unknown>
  /** Of the process that asks, as in a clock of its own. */
  readonly env?: (place: Place) => NodeJS.ProcessEnv
  /** What could not be looked at while it lasts is part of the fault; other than that everything has to be seen. */
  readonly hides?: boolean
  /** The remedy gives the cluster up. */
  readonly isTheEnd?: boolean
}

export const onCluster = ({ name }: Place): string => `cluster/${name}`
export const onControlPlane = ({ controlPlane }: Place): string => `node/${controlPlane}`
export const onWorker = ({ worker }: Place): string => `node/${worker}`
export const on = (object: string) => (): string => object
