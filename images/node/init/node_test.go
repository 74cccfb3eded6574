package main

import (
	"slices"
	"testing"
)

func TestPullingGivesContainerdTheProxiesOfPulls(t *testing.T) {
	given := []string{"PATH=/bin", "KNEST_PULL_HTTPS_PROXY=http://proxy.test:3128", "KNEST_PULL_NO_PROXY=.svc", "KNEST_NODE_NAME=a"}
	want := append(slices.Clone(given), "HTTPS_PROXY=http://proxy.test:3128", "NO_PROXY=.svc")
	if got := pulling(given); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(given) != 4 {
		t.Error("the environment of others was changed")
	}
}
