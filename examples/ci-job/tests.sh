#!/usr/bin/env bash
# Stands for the tests of your project: whatever talks to the cluster of KUBECONFIG.
set -euo pipefail

kubectl create configmap tested --from-literal=by=tests.sh
kubectl get configmap tested -o jsonpath='{.data.by}{"\n"}'
