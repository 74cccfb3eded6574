package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containernetworking/cni/pkg/skel"
)

// equip gives a folder with a stand-in for a real plugin, which writes down how it was called.
func equip(t *testing.T) (args *skel.CmdArgs, conflist string, calls func() string) {
	t.Helper()
	folder := t.TempDir()
	conflist, log := filepath.Join(folder, "10-real.conflist"), filepath.Join(folder, "calls")
	script := "#!/bin/sh\necho \"$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME $CNI_ARGS $(cat)\" >>" + log + `
echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]}'
`
	write(t, filepath.Join(folder, "real"), script, 0o755)
	stdin := `{"cniVersion":"1.0.0","name":"later","type":"knest-wait","for":"` + conflist + `","timeoutSeconds":1,
		"runtimeConfig":{"portMappings":[{"hostPort":80,"containerPort":8080,"protocol":"tcp"}]}}`
	args = &skel.CmdArgs{ContainerID: "c1-" + filepath.Base(folder), Netns: "/proc/self/ns/net", IfName: "eth0",
		Args: "K8S_POD_NAME=a;IgnoreUnknown=1", Path: folder, StdinData: []byte(stdin)}
	return args, conflist, func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}
}

const realList = `{"cniVersion":"1.0.0","name":"network","plugins":[{"type":"real","capabilities":{"portMappings":true}}]}`

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestAddWaitsAndIsThenTheRealNetwork(t *testing.T) {
	args, conflist, calls := equip(t)
	go func() {
		time.Sleep(100 * time.Millisecond)
		write(t, conflist, realList, 0o600)
	}()
	if err := add(args); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"ADD " + args.ContainerID, "eth0", "K8S_POD_NAME=a", `"hostPort":80`, `"name":"network"`} {
		if !strings.Contains(calls(), part) {
			t.Errorf("%q is not in the call of the real plugin: %s", part, calls())
		}
	}
	if err := del(args); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(calls(), "DEL "+args.ContainerID) {
		t.Errorf("the real plugin was not asked to undo it: %s", calls())
	}
}

func TestAddSaysWhatItWaitedFor(t *testing.T) {
	args, conflist, _ := equip(t)
	if err := add(args); err == nil || !strings.Contains(err.Error(), conflist) {
		t.Errorf("want an error that names %s, have %v", conflist, err)
	}
	write(t, conflist, "{", 0o600)
	if err := add(args); err == nil || !strings.Contains(err.Error(), "read "+conflist) {
		t.Errorf("want an error of the broken file, have %v", err)
	}
}

func TestDelHasNothingToUndoBeforeTheNetworkIsThere(t *testing.T) {
	args, _, calls := equip(t)
	if err := del(args); err != nil || calls() != "" {
		t.Errorf("want nothing, have %v and %q", err, calls())
	}
}
