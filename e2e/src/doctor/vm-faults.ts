import { on, onWorker, type Fault } from './fault.js'
import type { Place } from './place.js'

/** Its instance ends, and KubeVirt makes another one as the VM has it now. */
const restart = ({ beside, worker }: Place): Promise<string> =>
  beside('delete', 'vmi', worker, '--wait=false')
const patchVm = ({ beside, worker }: Place, spec: object): Promise<string> =>
  beside('patch', 'vm', worker, '--type', 'merge', '-p', JSON.stringify({ spec }))
const memory = (guest: string): object => ({ template: { spec: { domain: { memory: { guest } } } } })
const noKvm = 'kubevirt-stand-in.knest.dev/no-kvm'
const kubeVirt = (place: Place, ...words: readonly string[]): Promise<string> =>
  place.onHost(...words.slice(0, 1), 'kubevirt', 'kubevirt', '-n', 'kubevirt', ...words.slice(1))

/** Has the VM refer to another cloud-init Secret: KubeVirt waits for one that is not there, and does not say so. */
const renameSecret =
  (from: string, to: string) =>
  async (place: Place): Promise<void> => {
    const { context, namespace, worker, paste } = place
    const kubectl = `kubectl --context ${context} -n ${namespace}`
    const other = `sed 's/"${worker}-${from}"/"${worker}-${to}"/'`
    await paste(`${kubectl} get vm ${worker} -o json | ${other} | ${kubectl} replace -f -`)
    await restart(place)
  }

/** Of a persistent cluster of VMs on the stand-in. */
export const vmFaults: readonly Fault[] = [
  {
    what: 'a kubelet of a VM that was stopped',
    inject: ({ worker, script }) => script(worker, 'systemctl stop kubelet'),
    reason: 'KubeletDown',
    object: onWorker,
    remedy: /restart kubelet$/,
  },
  {
    what: 'a VM that was stopped',
    inject: (place) => patchVm(place, { runStrategy: 'Halted' }),
    reason: 'VmStopped',
    object: onWorker,
    remedy: /^knest heal /,
  },
  {
    what: 'a cloud-init Secret that was deleted',
    inject: async (place) => {
      await place.beside('delete', 'secret', `${place.worker}-userdata`)
      await restart(place)
    },
    reason: 'VmSecretMissing',
    object: onWorker,
    remedy: /^knest heal /,
  },
  {
    what: 'a host without room for the launcher',
    inject: async (place) => {
      await patchVm(place, memory('900Gi'))
      await restart(place)
    },
    reason: 'VmUnschedulable',
    object: onWorker,
    remedy: /make room on the host/,
    byHand: (place) => patchVm(place, memory('1Gi')).then(() => restart(place)),
  },
  {
    what: 'a host without KVM',
    inject: async (place) => {
      await kubeVirt(place, 'annotate', `${noKvm}=yes`)
      await restart(place)
    },
    reason: 'NoKvm',
    object: onWorker,
    also: ['NoKvm'],
    remedy: /^kubectl get nodes/,
    byHand: (place) => kubeVirt(place, 'annotate', `${noKvm}-`),
  },
  {
    what: 'an SSH server that does not answer',
    inject: ({ worker, script }) => script(worker, 'pkill -STOP -o -x sshd'),
    reason: 'VmSilent',
    object: onWorker,
    remedy: /virtctl console/,
    byHand: restart,
    hides: true,
  },
  {
    what: 'a launcher that is stuck',
    inject: renameSecret('userdata', 'nowhere'),
    reason: 'VmStarting',
    object: onWorker,
    remedy: /^kubectl describe vmi/,
    byHand: renameSecret('nowhere', 'userdata'),
  },
  {
    what: 'a bridge that KubeVirt forbids',
    inject: (place) =>
      kubeVirt(
        ...([place, 'patch', '--type', 'merge', '-p'] as const),
        '{"spec":{"configuration":{"network":{"permitBridgeInterfaceOnPodNetwork":false}}}}',
      ),
    reason: 'BridgeForbidden',
    object: on('host'),
    remedy: /^kubectl patch kubevirt/,
  },
  {
    what: 'a disk that was deleted',
    inject: async (place) => {
      await place.beside('delete', 'pvc', `${place.worker}-root`, '--wait=false')
      await restart(place)
    },
    reason: 'VmDiskMissing',
    object: onWorker,
    remedy: /^knest (heal|scale) /,
  },
]
