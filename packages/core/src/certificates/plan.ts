import type { Certificate, ClusterCertificates } from '../contracts/certificates.js'
import type { PlannedStep } from '../contracts/clusters.js'
import { endsWithin } from './expiry.js'

/** Kubelets renew theirs when a third to a tenth of a year is left: one with less than this cannot. */
export const renewBeforeDays = 30

export interface NodeRenewal {
  readonly node: string
  /** All that kubeadm renews, and the restart of what uses it. */
  readonly controlPlane: boolean
  readonly kubelet: boolean
}

export interface RenewalPlan {
  /** Why there is something to do; not all that will be new, since kubeadm renews all of a node. */
  readonly due: readonly Certificate[]
  readonly nodes: readonly NodeRenewal[]
  readonly kubeconfig: boolean
}

interface RenewalOptions {
  readonly before?: number
  readonly all?: boolean
  /** What the same command has renewed already, before it had to begin anew. */
  readonly isNew?: (certificate: Certificate) => boolean
}

/** Decides what is renewed. Pure: `now` is the clock. */
export function planRenewal(
  { certificates, unfinished }: Pick<ClusterCertificates, 'certificates' | 'unfinished'>,
  now: Date,
  { before = renewBeforeDays, all = false, isNew = () => false }: RenewalOptions = {},
): RenewalPlan {
  const due = certificates.filter(
    (certificate) => (all && !isNew(certificate)) || endsWithin(certificate, now, before),
  )
  const names = [...new Set(certificates.flatMap(({ node }) => node ?? []))]
  const nodes = names.map((node): NodeRenewal => {
    const own = (unfinished.includes(node) ? certificates : due).filter((each) => each.node === node)
    return {
      node,
      controlPlane: own.some(({ renewedBy }) => renewedBy === 'knest'),
      kubelet: own.some(({ renewedBy }) => renewedBy === 'kubelet'),
    }
  })
  return {
    due,
    nodes: nodes.filter(({ controlPlane, kubelet }) => controlPlane || kubelet),
    kubeconfig: due.some(({ node }) => node === undefined),
  }
}

export function isNothing({ nodes, kubeconfig }: RenewalPlan): boolean {
  return nodes.length === 0 && !kubeconfig
}

/** What a renewal makes new. */
export function isRenewed({ nodes, kubeconfig }: RenewalPlan, certificate: Certificate): boolean {
  if (certificate.node === undefined) return kubeconfig
  const renewal = nodes.find(({ node }) => node === certificate.node)
  return (certificate.renewedBy === 'kubelet' ? renewal?.kubelet : renewal?.controlPlane) ?? false
}

export const stepTitles = {
  renew: ({ node, controlPlane }: NodeRenewal): string =>
    controlPlane ? `Renew the certificates of "${node}"` : `Renew kubelet's certificate on "${node}"`,
  restart: (node: string): string => `Restart the control plane on "${node}"`,
  kubeconfig: 'Save a new kubeconfig',
  ready: 'Wait for the nodes to be Ready',
} as const

/**
 * New files on all nodes first, and only then restarts, one after another: if all have expired, one
 * control plane alone could not become healthy, since etcd needs the others.
 */
export function renewalSteps({ nodes, kubeconfig }: RenewalPlan): readonly PlannedStep[] {
  const controlPlanes = nodes.filter(({ controlPlane }) => controlPlane).map(({ node }) => node)
  const steps: PlannedStep[] = nodes.map((renewal) => ({
    id: `renew:${renewal.node}`,
    title: stepTitles.renew(renewal),
    needs: [],
  }))
  let needs = controlPlanes.map((node) => `renew:${node}`)
  for (const node of controlPlanes) {
    steps.push({ id: `restart:${node}`, title: stepTitles.restart(node), needs })
    needs = [`restart:${node}`]
  }
  if (kubeconfig) steps.push({ id: 'kubeconfig', title: stepTitles.kubeconfig, needs: [] })
  if (nodes.some(({ kubelet }) => kubelet))
    steps.push({
      id: 'ready',
      title: stepTitles.ready,
      needs: steps.map(({ id }) => id).filter((id) => id !== 'kubeconfig'),
    })
  return steps
}
