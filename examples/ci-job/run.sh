#!/usr/bin/env bash
# Runs a command on a cluster of its own and removes the cluster, however the command ends: run.sh COMMAND…
# Standard output is the command's.
set -euo pipefail

# One name for each run, so that runs do not meet. GitHub, GitLab, or a person.
run=${GITHUB_RUN_ID:-${CI_JOB_ID:-$$}}
name=example-ci-$run
# The user's own kubeconfig stays as it is: only the command sees the cluster.
folder=$(mktemp -d)

finish() {
  knest delete "$name" --ignore-not-found --quiet >&2 || echo "the cluster $name may be left" >&2
  rm -rf "$folder"
}
trap finish EXIT
# A cancelled job is sent a signal: `exit` runs the trap above.
trap 'exit 130' INT
trap 'exit 143' TERM

# The controller is for clusters that last.
knest create "$name" --from cluster.yaml --no-controller --no-merge --quiet --timeout 5m >&2
knest kubeconfig "$name" >"$folder/kubeconfig"
KUBECONFIG=$folder/kubeconfig "$@"
