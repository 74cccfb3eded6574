package main

import (
	"slices"
	"strings"
	"testing"
)

func TestHostLines(t *testing.T) {
	got := hostLines("# from the seed\n10.0.0.1 api\n\n  10.0.0.2 other name \n")
	if want := []string{"10.0.0.1 api", "10.0.0.2 other name"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestContainerdSettings(t *testing.T) {
	for systemd, want := range map[bool]string{true: "SystemdCgroup = true", false: "SystemdCgroup = false"} {
		got := containerdSettings("pause:1", false, systemd)
		if !strings.Contains(got, want) || !strings.Contains(got, `sandbox = "pause:1"`) {
			t.Errorf("systemd %t, but got\n%s", systemd, got)
		}
	}
}

func TestKubeletCommand(t *testing.T) {
	got := facts{NodeName: "demo-cp-0", NodeIP: "192.0.2.1"}.kubeletCommand()
	for _, want := range []string{"--config-dir=" + dropIns, "--node-ip=192.0.2.1", "--hostname-override=demo-cp-0"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	without := facts{NodeName: "demo-cp-0"}.kubeletCommand()
	if slices.ContainsFunc(without, func(arg string) bool { return strings.HasPrefix(arg, "--node-ip") }) {
		t.Errorf("no address is known, but got %q", without)
	}
}
