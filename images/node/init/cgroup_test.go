package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestV1Mounts(t *testing.T) {
	entries, err := parseCgroups(strings.NewReader("12:cpu,cpuacct:/pod\n4:memory:/pod\n1:name=systemd:/pod\n0::/pod\n"))
	if err != nil {
		t.Fatal(err)
	}
	if isUnified(entries) {
		t.Error("a hybrid machine was taken for cgroup v2")
	}
	want := []v1Mount{
		{directory: "cpu,cpuacct", options: "cpu,cpuacct", links: []string{"cpu", "cpuacct"}},
		{directory: "memory", options: "memory"},
		{directory: "systemd", options: "none,name=systemd"},
	}
	if got := v1Mounts(entries); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnified(t *testing.T) {
	cases := map[string]struct {
		lines string
		want  bool
	}{
		"v2":                          {"0::/kubepods/pod1/abc\n", true},
		"v2 beside elogind":           {"1:name=elogind:/5\n0::/kubepods/pod1/abc\n", true},
		"v2 beside two names":         {"2:name=systemd:/\n1:name=openrc:/\n0::/\n", true},
		"hybrid":                      {"12:cpu,cpuacct:/pod\n4:memory:/pod\n1:name=systemd:/pod\n0::/pod\n", false},
		"hybrid, one controller left": {"3:cpuset:/\n0::/pod\n", false},
		"v1":                          {"4:memory:/pod\n1:name=systemd:/pod\n", false},
		"v1, nothing but a name":      {"1:name=systemd:/pod\n", false},
		"nothing":                     {"", false},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			entries, err := parseCgroups(strings.NewReader(test.lines))
			if err != nil || isUnified(entries) != test.want {
				t.Errorf("got %v of %v, %v; want %v", isUnified(entries), entries, err, test.want)
			}
		})
	}
	if _, err := parseCgroups(strings.NewReader("nonsense\n")); err == nil {
		t.Error("nonsense was taken for cgroups")
	}
}

func TestReadLimits(t *testing.T) {
	cases := map[string]struct {
		version int
		files   map[string]string
		want    limits
	}{
		"v2":           {2, map[string]string{"memory.max": "2147483648\n", "cpu.max": "150000 100000\n"}, limits{2 << 30, 1500}},
		"v2 unlimited": {2, map[string]string{"memory.max": "max\n", "cpu.max": "max 100000\n"}, limits{}},
		"v2 no files":  {2, nil, limits{}},
		"v1": {1, map[string]string{"memory/memory.limit_in_bytes": "1073741824\n", "cpu/cpu.cfs_quota_us": "50000\n",
			"cpu/cpu.cfs_period_us": "100000\n"}, limits{1 << 30, 500}},
		"v1 unlimited": {1, map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n", "cpu/cpu.cfs_quota_us": "-1\n",
			"cpu/cpu.cfs_period_us": "100000\n"}, limits{}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for path, content := range test.files {
				if err := writeFile(filepath.Join(root, path), content, os.FileMode(0o644)); err != nil {
					t.Fatal(err)
				}
			}
			if got := readLimits(root, test.version); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestRemoveLeft(t *testing.T) {
	cases := map[string]struct {
		files []string
		want  []string
	}{
		"pods of a run before": {nil, []string{"init", "kubepods", "kubepods/busy"}},
		"the machine's own v1 hierarchy": {[]string{"release_agent"}, []string{
			"init", "kubepods", "kubepods/busy", "kubepods/burstable", "kubepods/burstable/pod1", "kubepods/burstable/pod1/a",
		}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, path := range []string{"init", "kubepods/burstable/pod1/a", "kubepods/busy"} {
				if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			// Here a file keeps a folder, where a process keeps a cgroup.
			for _, path := range append(test.files, "kubepods/busy/process") {
				if err := os.WriteFile(filepath.Join(root, path), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			removeLeft(root)
			for _, path := range test.want {
				if _, err := os.Stat(filepath.Join(root, path)); err != nil {
					t.Errorf("%s is gone", path)
				}
			}
			if _, err := os.Stat(filepath.Join(root, "kubepods/burstable")); (err == nil) != (test.files != nil) {
				t.Errorf("the cgroups of pods that are gone: %v", err)
			}
		})
	}
}
