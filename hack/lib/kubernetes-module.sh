# shellcheck shell=bash
# The module of Kubernetes' programs for another version. Source it; see hack/build-images.

# retarget_kubernetes FROM TO: the committed go.mod pins one Kubernetes version; that of $KUBERNETES_VERSION is
# derived from it. Modules that a version has split off are among what its own go.mod asks for.
retarget_kubernetes() {
  local from=$1 to=$2 version=$KUBERNETES_VERSION pinned theirs name
  cp -r "$from" "$to"
  pinned=$(sed -n 's|^\tk8s.io/kubernetes v1\.||p' "$from/go.mod")
  sed -i "/\/\/ indirect/d; s/ v1\.${pinned}\$/ v$version/; s/ v0\.${pinned}\$/ v0.${version#1.}/" "$to/go.mod"
  : >"$to/go.sum"
  theirs=$(cd "$to" && go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
  for name in $(sed -n 's|^\t\(k8s.io/[^ ]*\) v0\.0\.0$|\1|p' "$theirs"); do
    (cd "$to" && go mod edit "-replace=$name=$name@v0.${version#1.}")
  done
  (cd "$to" && go mod tidy)
}
