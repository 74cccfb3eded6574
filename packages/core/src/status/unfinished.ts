import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import { scaleCommand } from './scale-command.js'

/** Something works on the cluster, or has stopped doing so half-way; undefined when it is settled. */
export function unfinishedProblem(record: ClusterRecord): Problem | undefined {
  const text = texts[record.phase]
  if (text === undefined) return undefined
  const [message, hint] = text
  return {
    message: `cluster "${record.name}" ${message}`,
    hint: hint(record),
    severity: 'warning',
  }
}

type Text = readonly [message: string, hint: (record: ClusterRecord) => string]

const texts: Readonly<Partial<Record<ClusterPhase, Text>>> = {
  Creating: [
    'is not completely created',
    ({ name }) =>
      `if no create is running, run it again with the same settings to go on, or remove it with knest delete ${name}`,
  ],
  Scaling: [
    'is not completely scaled',
    (record) => `if no scale is running, go on with ${scaleCommand(record)}`,
  ],
  Upgrading: [
    'is not completely upgraded',
    ({ name, spec }) =>
      `if no upgrade is running, go on with knest upgrade ${name} --kubernetes-version ${spec.kubernetesVersion}`,
  ],
  Paused: ['is paused: none of its nodes runs', ({ name }) => `start it again with knest resume ${name}`],
  Resuming: [
    'is not completely resumed',
    ({ name }) => `if no resume is running, go on with knest resume ${name}`,
  ],
  Deleting: [
    'is not completely deleted',
    ({ name }) => `if no delete is running, go on with knest delete ${name}`,
  ],
  Kept: [
    'was deleted with --keep-data: it has no nodes',
    ({ name }) =>
      `create it again with the same settings to go on with its data, or remove it for good with knest delete ${name}`,
  ],
  Failed: [
    'has failed',
    ({ name }) => `run the last command on it again to go on, or remove it with knest delete ${name}`,
  ],
}
