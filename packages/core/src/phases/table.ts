import { clusterCommand } from '../commands.js'
import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type { KnestError } from '../errors.js'
import { alreadyExists, halfUpgraded, isDeleting, isPaused, notCreated, notPaused } from './refusals.js'
import { scaleCommand } from './scale-command.js'

/**
 * What somebody wants to do with a cluster that has a record. `certificates` lists or renews them; `load` also is to
 * list and remove images.
 */
export type Operation =
  'create' | 'apply' | 'scale' | 'upgrade' | 'pause' | 'resume' | 'heal' | 'certificates' | 'load' | 'delete'

type Refusal = (record: ClusterRecord) => KnestError

/** What a phase means for everybody who reads it. */
export interface PhaseRules {
  /** Operations the phase forbids, with what is said then. All others are allowed. */
  readonly refuses: Readonly<Partial<Record<Operation, Refusal>>>
  /** For a phase a cluster does not stay in by itself: how it is, and the command that goes on. */
  readonly unfinished?: {
    readonly message: string
    readonly next: (record: ClusterRecord) => string
  }
  /** When a controller reconciles a cluster in this phase; `declared`: one that was applied as an object. */
  readonly reconciled: 'always' | 'declared' | 'never'
  /** `none`: the cluster has no nodes on the host. `coming`: nodes that are not set up yet are no fault. */
  readonly nodes: 'coming' | 'there' | 'none'
  /** Its creation has not come to its end: `create` and `apply` go on with it. */
  readonly isCreated: boolean
  /** Somebody is making it what its record says: it is not Ready before that is done. */
  readonly isChanging: boolean
}

const refuse = (refusal: Refusal, ...names: readonly Operation[]): PhaseRules['refuses'] =>
  Object.fromEntries(names.map((name) => [name, refusal]))

const unmade = {
  ...refuse(notCreated, 'scale', 'upgrade', 'pause', 'heal', 'load'),
  ...refuse(notPaused, 'resume'),
}
const made = { ...refuse(alreadyExists, 'create'), ...refuse(notPaused, 'resume') }
const withoutNodes = refuse(
  isPaused,
  ...(['create', 'apply', 'scale', 'upgrade', 'heal', 'certificates', 'load'] as const),
)

/** The one table of what each phase permits and is called. Guards, status, controller and CRD read it. */
export const phaseTable: Readonly<Record<ClusterPhase, PhaseRules>> = {
  Creating: {
    refuses: unmade,
    reconciled: 'declared',
    nodes: 'coming',
    isCreated: false,
    isChanging: true,
    unfinished: {
      message: 'is not completely created',
      next: (record) =>
        `if no create is running, run it again with the same settings to go on, or remove it with ${clusterCommand('delete', record)}`,
    },
  },
  Ready: { refuses: made, reconciled: 'always', nodes: 'there', isCreated: true, isChanging: false },
  Degraded: { refuses: made, reconciled: 'always', nodes: 'there', isCreated: true, isChanging: false },
  Scaling: {
    refuses: made,
    reconciled: 'always',
    nodes: 'coming',
    isCreated: true,
    isChanging: true,
    unfinished: {
      message: 'is not completely scaled',
      next: (record) => `if no scale is running, go on with ${scaleCommand(record)}`,
    },
  },
  Upgrading: {
    refuses: { ...made, ...refuse(halfUpgraded, 'pause') },
    reconciled: 'always',
    nodes: 'coming',
    isCreated: true,
    isChanging: true,
    unfinished: {
      message: 'is not completely upgraded',
      next: (record) =>
        `if no upgrade is running, go on with ${clusterCommand('upgrade', record, '--kubernetes-version', record.spec.kubernetesVersion)}`,
    },
  },
  Paused: {
    refuses: withoutNodes,
    reconciled: 'never',
    nodes: 'none',
    isCreated: true,
    isChanging: false,
    unfinished: {
      message: 'is paused: none of its nodes runs',
      next: (record) => `start it again with ${clusterCommand('resume', record)}`,
    },
  },
  Resuming: {
    refuses: withoutNodes,
    reconciled: 'never',
    nodes: 'there',
    isCreated: true,
    isChanging: true,
    unfinished: {
      message: 'is not completely resumed',
      next: (record) => `if no resume is running, go on with ${clusterCommand('resume', record)}`,
    },
  },
  Deleting: {
    refuses: {
      ...refuse(
        isDeleting,
        ...(['create', 'apply', 'scale', 'upgrade', 'pause', 'heal', 'certificates', 'load'] as const),
      ),
      ...refuse(notPaused, 'resume'),
    },
    reconciled: 'never',
    nodes: 'none',
    isCreated: true,
    isChanging: true,
    unfinished: {
      message: 'is not completely deleted',
      next: (record) => `if no delete is running, go on with ${clusterCommand('delete', record)}`,
    },
  },
  Kept: {
    refuses: unmade,
    reconciled: 'never',
    nodes: 'none',
    isCreated: false,
    isChanging: false,
    unfinished: {
      message: 'was deleted with --keep-data: it has no nodes',
      next: (record) =>
        `create it again with the same settings to go on with its data, or remove it for good with ${clusterCommand('delete', record)}`,
    },
  },
  // Said of a record in a list that cannot be read.
  Failed: {
    refuses: made,
    reconciled: 'always',
    nodes: 'there',
    isCreated: true,
    isChanging: false,
    unfinished: {
      message: 'has failed',
      next: (record) =>
        `run the last command on it again to go on, or remove it with ${clusterCommand('delete', record)}`,
    },
  },
}

/** In the order in which a cluster may go through them. */
export const clusterPhases = Object.keys(phaseTable) as readonly ClusterPhase[]

/** Gives the record back, or throws what its phase has against the operation. */
export function permit(operation: Operation, record: ClusterRecord): ClusterRecord {
  const refusal = phaseTable[record.phase].refuses[operation]
  if (refusal !== undefined) throw refusal(record)
  return record
}
