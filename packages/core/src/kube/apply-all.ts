import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'

/** Applies what others live in (namespaces and CRDs) or are bound by (policies) first, the rest at once. */
export async function applyAll(
  api: KubeApi,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const isFirst = ({ kind }: KubeObject): boolean =>
    ['Namespace', 'CustomResourceDefinition'].includes(kind) || kind.startsWith('ValidatingAdmissionPolicy')
  const apply = (object: KubeObject): Promise<KubeObject> => api.apply(object, { signal })
  await Promise.all(objects.filter(isFirst).map(apply))
  await Promise.all(objects.filter((object) => !isFirst(object)).map(apply))
}
