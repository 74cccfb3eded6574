import type { KubeObject } from '../contracts/kubernetes.js'
import { parseWholeNumber } from '../values/index.js'
import type { NamedPort } from './choose-port.js'

interface ServiceView {
  readonly spec?: { readonly type?: string }
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly {
        readonly ip?: string
        readonly hostname?: string
        readonly ports?: readonly {
          readonly port: number
          readonly protocol: string
          readonly error?: string
        }[]
      }[]
    }
  }
}

/**
 * Where a load balancer serves a port: at the port itself, or at the node port that knest tells where the host has no
 * load balancer. None for a Service of another type. Pure.
 */
export function balancerTargets(
  service: KubeObject,
  { number }: NamedPort,
): readonly { readonly host: string; readonly port: number }[] {
  const { spec, status } = service as unknown as ServiceView
  if (spec?.type !== 'LoadBalancer') return []
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname, ports = [] }) => {
    const host = ip ?? hostname
    const error = ports.find((each) => each.port === number && each.protocol === 'TCP')?.error
    const port = error === undefined ? number : nodePortOf(error)
    return host === undefined || port === undefined ? [] : [{ host, port }]
  })
}

function nodePortOf(error: string): number | undefined {
  return parseWholeNumber(/^knest\.dev\/NodePort(\d+)$/.exec(error)?.[1] ?? '')
}
