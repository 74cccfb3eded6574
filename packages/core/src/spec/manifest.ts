import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError, PreflightError } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { modernize } from './old-spellings.js'
import { clusterApiVersion, clusterKind } from './parse-file.js'
import { resolveSpec } from './resolve.js'
import { checkShape } from './schema-problems.js'
import { clusterInputSchema } from './schema.js'

/** The NestedCluster object of a cluster, ready to be created on the host or printed. */
export function toManifest(ref: ClusterRef, spec: ClusterSpec): KubeObject {
  return {
    apiVersion: clusterApiVersion,
    kind: clusterKind,
    metadata: {
      name: ref.name,
      namespace: ref.namespace,
      labels: { [labels.cluster]: ref.name, [labels.managedBy]: managedByKnest },
    },
    // A copy without undefined fields, as the API would give it back.
    spec: JSON.parse(JSON.stringify(spec)),
  }
}

/** Reads the spec of a stored NestedCluster; what is missing gets its default. Throws `config`. */
export function specFromObject(object: KubeObject): ClusterSpec {
  const what = `${object.kind} "${object.metadata.namespace ?? ''}/${object.metadata.name}"`
  try {
    const { spec, problems } = modernize(object.spec ?? {}, 'stored')
    if (problems.length > 0) throw new PreflightError('config', problems)
    const checked = checkShape(clusterInputSchema, spec, { prefix: ['spec'] })
    if (!checked.ok) throw new PreflightError('config', checked.problems)
    // Stored counts were accepted once; a later, stricter rule must not make the cluster unreadable.
    return resolveSpec(checked.value, { force: true, isStored: true })
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    throw new KnestError('config', `${what} cannot be read: ${error.message}`, {
      hint: error.hint ?? 'was it written by another version of knest?',
      cause: error,
    })
  }
}
