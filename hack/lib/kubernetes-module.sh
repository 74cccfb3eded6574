# shellcheck shell=bash
# The module of Kubernetes' programs for another version. Source it; see hack/build-images.

# retarget_kubernetes FROM TO: the committed go.mod pins one Kubernetes version; that of $KUBERNETES_VERSION is
# derived from it.
retarget_kubernetes() {
  local from=$1 to=$2 pinned
  cp -r "$from" "$to"
  pinned=$(sed -n 's|^\tk8s.io/kubernetes v1\.||p' "$from/go.mod")
  sed -i "/\/\/ indirect/d; s/ v1\.${pinned}\$/ v$KUBERNETES_VERSION/; s/ v0\.${pinned}\$/ v0.${KUBERNETES_VERSION#1.}/" "$to/go.mod"
  : >"$to/go.sum"
  (cd "$to" && go mod tidy)
}
