import { scaleCommand } from './scale-command.js'
import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import { KnestError } from '../errors.js'

export function alreadyExists(record: ClusterRecord): KnestError {
  const { name, namespace, phase } = record
  const goOn =
    phase === 'Degraded'
      ? `mend it with ${clusterCommand('heal', record)}, see what is wrong with ${clusterCommand('status', record)}`
      : `change its size with ${scaleCommand(record)} and other counts`
  return new KnestError('already-exists', `cluster "${name}" exists in namespace "${namespace}"`, {
    hint: `${goOn}, or remove it: ${clusterCommand('delete', record)}`,
  })
}

export function notCreated({ name, phase }: ClusterRecord): KnestError {
  if (phase === 'Kept') {
    return new KnestError('prerequisite', `cluster "${name}" was deleted with --keep-data: it has no nodes`, {
      hint: 'create it again with the same settings to go on with its data',
    })
  }
  return new KnestError('prerequisite', `cluster "${name}" is not completely created yet`, {
    hint: 'create it again with the same settings to finish it',
  })
}

export function halfUpgraded(record: ClusterRecord): KnestError {
  const version = record.spec.kubernetesVersion
  return new KnestError('conflict', `cluster "${record.name}" is half-way to Kubernetes ${version}`, {
    hint: `finish it first: ${clusterCommand('upgrade', record, '--kubernetes-version', version)}`,
  })
}

export function isPaused(record: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${record.name}" is paused`, {
    hint: `start it first: ${clusterCommand('resume', record)}`,
  })
}

export function notPaused(record: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${record.name}" is not paused: it is ${record.phase}`, {
    hint: `see: ${clusterCommand('status', record)}`,
  })
}

export function isDeleting(record: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${record.name}" is being deleted`, {
    hint: `finish it first: ${clusterCommand('delete', record)}`,
  })
}
