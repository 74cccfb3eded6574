import { KnestError } from '@knest/core'
import type { ClusterRef, KubeApi } from '@knest/core'
import { findCondition, vmiKind, vmiStatus, vmKind } from './kubevirt.js'
import { forwardToVm, mayPass } from './portforward.js'
import type { SshRoute } from './ssh/session.js'
import { nodeKeys } from './ssh-keys.js'
import { podAddress, whyNotRunning } from './vm-state.js'

const sshPort = 22

/** The way to a node's SSH server through the host's API. */
export function sshRoute(api: KubeApi, cluster: ClusterRef, node: string): SshRoute {
  const { namespace } = cluster
  return {
    identity: async (signal) => {
      const keys = await nodeKeys(api, cluster, node, signal)
      return { subject: `node "${node}"`, privateKey: keys.client.private, hostPublicKey: keys.host.public }
    },
    dial: async (signal) => {
      // With an empty address virt-api would dial itself.
      const vmi = await api.get(vmiKind, node, namespace, signal)
      if (podAddress(vmi) === undefined) {
        const vm = await api.get(vmKind, node, namespace, signal)
        if (vm === undefined)
          throw new KnestError('not-found', `there is no VM "${node}" in namespace "${namespace}"`)
        const reason = whyNotRunning(vm, vmi) ?? 'no address'
        throw new KnestError('host-unreachable', `VM "${namespace}/${node}" does not run: ${reason}`)
      }
      return forwardToVm(api, cluster, node, sshPort, signal)
    },
    worthRetrying: mayPass,
    explain: async (signal) => {
      const vmi = await api.get(vmiKind, node, namespace, signal)
      const address = podAddress(vmi)
      const answersHost = findCondition(vmiStatus(vmi), 'Ready')?.status === 'True'
      if (address === undefined || !answersHost) return undefined
      return `its host node reaches it at ${address}, but KubeVirt's virt-api does not: knest needs a pod network in which it can (not a VPC of its own, kubevirt/kubevirt#18399)`
    },
  }
}
