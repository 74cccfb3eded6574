import type { ClusterRecord } from '../contracts/cluster.js'
import { KnestError } from '../errors.js'

export function alreadyExists({ name, namespace }: ClusterRecord): KnestError {
  return new KnestError('already-exists', `cluster "${name}" exists in namespace "${namespace}"`, {
    hint: `change it with knest scale, or remove it: knest delete ${name}`,
  })
}

export function notCreated({ name, phase }: ClusterRecord): KnestError {
  if (phase === 'Kept') {
    return new KnestError('prerequisite', `cluster "${name}" was deleted with --keep-data: it has no nodes`, {
      hint: 'create it again with the same settings to go on with its data',
    })
  }
  return new KnestError('prerequisite', `cluster "${name}" is not completely created yet`, {
    hint: 'run the same knest create command again to finish it',
  })
}

export function halfUpgraded({ name, spec }: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${name}" is half-way to Kubernetes ${spec.kubernetesVersion}`, {
    hint: `finish it first: knest upgrade ${name} --kubernetes-version ${spec.kubernetesVersion}`,
  })
}

export function isPaused({ name }: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${name}" is paused`, {
    hint: `start it first: knest resume ${name}`,
  })
}

export function notPaused({ name, phase }: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${name}" is not paused: it is ${phase}`, {
    hint: `see: knest status ${name}`,
  })
}

export function isDeleting({ name }: ClusterRecord): KnestError {
  return new KnestError('conflict', `cluster "${name}" is being deleted`, {
    hint: `finish it first: knest delete ${name}`,
  })
}
