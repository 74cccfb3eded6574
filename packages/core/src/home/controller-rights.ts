import { knestCommand } from '../commands.js'
import type { ControllerRights } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { KindRef, KubeApi } from '../contracts/kubernetes.js'
import { clusterSelector } from '../labels.js'
import { clusterRoleName } from './controller-binding.js'
import { removeFinalizer } from './finalizer.js'
import { namespaceKind } from './namespace.js'
import { nestedClusterKind } from './record.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }

/** The binding gives all of its role or nothing: one right tells of all. */
const told = { verb: 'create', resource: 'pods', subresource: 'exec' }

/** What a controller that may look at the whole host may do to a cluster. */
export function controllerRights(api: KubeApi): ControllerRights {
  return {
    barred: async ({ namespace }, signal) =>
      (await api.canI({ ...told, namespace }, signal))
        ? undefined
        : {
            severity: 'error',
            message: `the controller may not work in namespace "${namespace}": no RoleBinding gives it ClusterRole "${clusterRoleName}" there`,
            hint: `who may bind roles makes it for each cluster of the host with ${knestCommand('host', 'install', 'controller')}; manifests of ${knestCommand('render')} have it`,
          },

    goesByItself: async (record, signal) => {
      const { namespace, name } = record
      const place = await api.get(namespaceKind, namespace, undefined, signal)
      if (place === undefined) return 'now'
      if (place.metadata.deletionTimestamp === undefined) return isCollected(record) ? 'now' : 'never'
      const pods = await api.list(podKind, { namespace, labelSelector: clusterSelector(name), signal })
      return pods.length === 0 ? 'now' : 'later'
    },

    letGo: async (ref, signal) => {
      const object = await api.get(nestedClusterKind, ref.name, ref.namespace, signal)
      await removeFinalizer(api, object, signal)
    },
  }
}

/** The host's garbage collector takes pods and what they run on with the record, but no volume claims. */
function isCollected({ spec: { persistence, controlPlane, workers } }: ClusterRecord): boolean {
  const pools = [controlPlane, ...workers]
  return !persistence.enabled && pools.every(({ backend }) => backend === 'pod')
}
