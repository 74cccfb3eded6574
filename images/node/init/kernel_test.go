package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func machineSysctls(t *testing.T, values map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, value := range values {
		if err := writeFile(filepath.Join(root, name), value+"\n", 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestKubeletGetsSettingsOfItsOwn(t *testing.T) {
	root := machineSysctls(t, map[string]string{
		"vm/overcommit_memory": "0", "vm/panic_on_oom": "1", "kernel/panic": "0", "kernel/panic_on_oops": "0",
		"kernel/keys/root_maxkeys": "2000000", "kernel/keys/root_maxbytes": "200",
	})
	shadowed := map[string]string{}
	shadowSysctls(root, t.TempDir(), func(source, target string) error {
		content, err := os.ReadFile(source)
		shadowed[strings.TrimPrefix(target, root+"/")] = strings.TrimSpace(string(content))
		return err
	})
	// What kubelet's setupKernelTunables asks for: where it finds this, it writes nothing.
	for name, want := range map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	} {
		if shadowed[name] != want {
			t.Errorf("kubelet finds %s = %q; want %q", name, shadowed[name], want)
		}
	}
}

func TestWhatCannotBeShadowedDoesNotStopTheNode(t *testing.T) {
	root := machineSysctls(t, map[string]string{"kernel/panic": "0"}) // the kernel lacks the others
	calls := 0
	shadowSysctls(root, t.TempDir(), func(string, string) error {
		calls++
		return errors.New("not permitted")
	})
	if calls != 1 {
		t.Errorf("%d settings were shadowed; want 1, the one there is", calls)
	}
}

func TestLimitsOfTheMachineAreOnlyRaised(t *testing.T) {
	for name, test := range map[string]struct{ setting, is, want string }{
		"less":    {"fs/inotify/max_user_instances", "128", "8192"},
		"more":    {"kernel/keys/root_maxkeys", "2000000", "2000000"},
		"keys":    {"kernel/keys/root_maxkeys", "200", "1000000"},
		"panic":   {"kernel/panic", "0", "0"},
		"strange": {"fs/inotify/max_user_watches", "many", "many"},
	} {
		t.Run(name, func(t *testing.T) {
			root := machineSysctls(t, map[string]string{test.setting: test.is})
			raiseSysctls(root)
			content, err := os.ReadFile(filepath.Join(root, test.setting))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(content)); got != test.want {
				t.Errorf("%s is %s; want %s", test.setting, got, test.want)
			}
		})
	}
}
