import { KnestError } from '@knest/core'
import type { ClusterRef, KubeApi } from '@knest/core'
import type { Duplex } from 'node:stream'

/**
 * virt-api dials the VM before it answers, without a time limit of its own: a VM that boots is answered for
 * after up to 5 s, one whose packets vanish never.
 */
const answerMs = 10_000

/** A byte stream to a port of a VM, through the host's API. Opens only when something listens there. */
export function forwardToVm(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  port: number,
  signal: AbortSignal,
  timeoutMs: number = answerMs,
): Promise<Duplex> {
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${node}/portforward/${port}/tcp`
  const subject = `port ${port} of VM "${namespace}/${node}"`
  return api.openStream(path, { protocol: 'plain.kubevirt.io', subject, timeoutMs }, signal)
}

/** True when something listens at the port and the host's API reaches it. */
export async function isListening(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  port: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const stream = await forwardToVm(api, cluster, node, port, signal, probeMs)
    stream.destroy()
    return true
  } catch (error) {
    if (signal.aborted || !(error instanceof KnestError)) throw error
    return false
  }
}

/** An open or closed port is answered for within a tenth of it. */
const probeMs = 3_000

/** A VM that is being made, boots or restarts answers so; a missing right or a missing VM stays as it is. */
export function mayPass(error: KnestError): boolean {
  return ['config', 'conflict', 'host-unreachable', 'timeout'].includes(error.code)
}
