import { createHash } from 'node:crypto'
import type { KubernetesSettings } from '../contracts/kubernetes-settings.js'
import { canonical } from '../values/index.js'

/** Tells settings from others, in one word. Files of ConfigMaps and Secrets count by where they are. */
export function settingsDigest(settings: KubernetesSettings = {}): string {
  return createHash('sha256').update(canonical(settings)).digest('hex').slice(0, 16)
}

/** What a change of settings is about. */
export interface ChangedParts {
  /** Something that control planes have, kubelet's settings among them. */
  readonly controlPlane: boolean
  readonly etcd: boolean
  readonly kubelet: boolean
  readonly kubeProxy: boolean
}

/** Feature gates are every component's but etcd's. Pure. */
export function changedParts(
  before: readonly KubernetesSettings[],
  now: KubernetesSettings = {},
): ChangedParts {
  const differs = (...names: readonly (keyof KubernetesSettings)[]): boolean =>
    before.some((each) => names.some((name) => canonical(each[name] ?? {}) !== canonical(now[name] ?? {})))
  return {
    controlPlane: differs(
      'featureGates',
      'runtimeConfig',
      'apiServer',
      'controllerManager',
      'scheduler',
      'etcd',
      'kubelet',
      'files',
    ),
    etcd: differs('etcd'),
    kubelet: differs('featureGates', 'kubelet'),
    kubeProxy: differs('featureGates', 'kubeProxy'),
  }
}

/** Whether two are the same, whatever is left out or empty. */
export function areSameSettings(one: KubernetesSettings = {}, other: KubernetesSettings = {}): boolean {
  const { controlPlane, kubeProxy } = changedParts([one], other)
  return !controlPlane && !kubeProxy
}
