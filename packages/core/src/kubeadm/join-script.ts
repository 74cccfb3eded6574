/**
 * Bash lines that run `kubeadm join` for a control plane. When etcd promotes the new member but the answer comes
 * too late, kubeadm (up to 1.35 at least: `MemberPromote` in cmd/kubeadm/app/util/etcd) asks for the promotion
 * again until it gives up, since only a learner can be promoted. The member is what it has to be then: the phases
 * behind are all that is left to do. That a member "which is in sync with leader" is asked for, with the same words
 * before, is said of one that kubeadm rightly asks for again.
 */
export function joinScript(configPath: string): string {
  const join = (done: string): string =>
    `kubeadm join --config ${configPath} --skip-phases=preflight${done} 2>&1`
  return `status=0
${join('')} | sed -Eu '/can only promote a learner member([^ ]|$)/q75' || status=$?
if [ "$status" -eq 75 ]; then
  status=0
  ${join(',control-plane-prepare,kubelet-start,etcd-join')} || status=$?
fi
[ "$status" -eq 0 ] || exit "$status"
`
}
