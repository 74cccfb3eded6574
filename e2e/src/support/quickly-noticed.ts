/** As long as two renewals of a kubelet's Lease, where Kubernetes waits for four and more. */
export const noticedAfterSeconds = 20

/** `spec.kubernetes` of a cluster that notices soon when nothing is heard of a node. */
export const quicklyNoticed = {
  controllerManager: {
    extraArgs: [{ name: 'node-monitor-grace-period', value: `${noticedAfterSeconds}s` }],
  },
}
