// Package conformance pins the version of Kubernetes whose conformance suite ./build makes: what is not imported here
// is a tool of go.mod.
package conformance

import _ "k8s.io/kubernetes/test/e2e"
