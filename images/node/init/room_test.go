package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestPauseIsNoLongerThanTheRoomLasts(t *testing.T) {
	cases := map[string]struct {
		room room
		want time.Duration
	}{
		"plenty":            {room{size: 500 << 30, left: 100 << 30}, longestPause},
		"nine GiB":          {room{size: 500 << 30, left: 9 << 30}, 2 * time.Second},
		"a small disk":      {room{size: 4 << 30, left: 2<<30 + 512<<20}, 500 * time.Millisecond},
		"nearly low":        {room{size: 500 << 30, left: lowRoom + 1}, shortestPause},
		"low":               {room{size: 500 << 30, left: 1 << 20}, shortestPause},
		"nothing":           {room{size: 4 << 30}, shortestPause},
		"a size of nothing": {room{}, shortestPause},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := test.room.pause(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestFiller(t *testing.T) {
	const mebibyte, size = 1 << 20, 500 << 30
	at := func(left uint64) room { return room{size: size, left: left * mebibyte} }
	cases := map[string]struct {
		before, now room
		wrote       map[string]uint64
		elapsed     time.Duration
		want        string
	}{
		"room enough":                         {at(2000), at(1500), map[string]uint64{"a": 500 * mebibyte}, time.Second, ""},
		"who writes most":                     {at(900), at(800), map[string]uint64{"a": 99 * mebibyte, "b": mebibyte}, time.Second, "a"},
		"nobody of this node":                 {at(900), at(800), map[string]uint64{}, time.Second, ""},
		"who takes little of what goes":       {at(900), at(800), map[string]uint64{"b": mebibyte}, time.Second, ""},
		"who writes over what it has":         {at(900), at(899), map[string]uint64{"a": 99 * mebibyte}, time.Second, ""},
		"room comes back":                     {at(800), at(900), map[string]uint64{"a": 99 * mebibyte}, time.Second, ""},
		"slow enough for now":                 {at(901), at(900), map[string]uint64{"a": mebibyte}, time.Second, ""},
		"the same where less is left":         {at(151), at(150), map[string]uint64{"a": mebibyte}, time.Second, "a"},
		"in what nobody may take":             {at(100), at(99), map[string]uint64{"a": mebibyte}, time.Second, "a"},
		"in what nobody may take, a log line": {at(100), at(99), map[string]uint64{"a": 4096}, time.Second, ""},
		"in an instant":                       {at(900), at(800), map[string]uint64{"a": 99 * mebibyte}, 0, ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := filler(test.before, test.now, test.wrote, test.elapsed); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPodOf(t *testing.T) {
	const pod, other = "1086b570-84a7-4bc0-864e-f747b2880fab", "94540221-82a9-4e90-8307-03423cdf356c"
	cases := map[string]struct{ cgroups, want string }{
		"version 1":                 {"11:memory:/kubepods/besteffort/pod" + pod + "/c1\n10:pids:/kubepods/besteffort/pod" + pod + "/c1\n", pod},
		"version 2":                 {"0::/kubepods/burstable/pod" + pod + "/c1\n", pod},
		"guaranteed":                {"0::/kubepods/pod" + pod + "/c1\n", pod},
		"a pod of a node in a pod":  {"0::/kubepods/burstable/pod" + pod + "/c1/kubepods/pod" + other + "/c2\n", ""},
		"a node's own program":      {"0::/init\n", ""},
		"a static pod, as etcd":     {"0::/kubepods/burstable/pod6f1c4b2a9d0e3f5a7b8c9d0e1f2a3b4c/c1\n", ""},
		"a hierarchy that is apart": {"12:misc:/\n11:memory:/kubepods/pod" + pod + "/c1\n", pod},
		"nothing":                   {"", ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := podOf(test.cgroups); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWrittenSinceAnEarlierLook(t *testing.T) {
	earlier := written{"1 10": {"a", 1, 100}, "2 20": {"a", 2, 50}, "/l": {"b", 0, 1000}}
	now := written{"1 10": {"a", 1, 150}, "2 99": {"a", 2, 7}, "/l": {"b", 0, 10}, "/m": {"c", 0, 5}}
	got := now.minus(earlier)
	want := map[string]uint64{"a": 57, "c": 5}
	if len(got) != len(want) || got["a"] != want["a"] || got["c"] != want["c"] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatProcSays(t *testing.T) {
	if got := writtenBytes("rchar: 1\nwchar: 2\nwrite_bytes: 4096\ncancelled_write_bytes: 9\n"); got != 4096 {
		t.Errorf("got %d bytes", got)
	}
	if got := startOf("7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99\n"); got != "4711" {
		t.Errorf("got %q as start", got)
	}
}

func TestAPodThatFails(t *testing.T) {
	pod := podObject{}
	content := `{"metadata":{"name":"a"},"status":{"phase":"Running","conditions":[],"containerStatuses":[{"state":{"running":{}}}]}}`
	if err := json.Unmarshal([]byte(content), &pod); err != nil {
		t.Fatal(err)
	}
	pod.fail("full")
	if !pod.runs() {
		t.Error("a container runs, and nobody knows")
	}
	pod.part("status")["containerStatuses"] = []any{map[string]any{"state": map[string]any{"terminated": map[string]any{}}}}
	if pod.runs() {
		t.Error("its container has ended")
	}
	pod.disrupt("full", time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC))
	got, err := json.Marshal(pod)
	want := `{"metadata":{"annotations":{"knest.dev/evicted":"full"},"name":"a"},"status":{"conditions":[{"lastTransitionTime":"2026-11-29T12:00:00Z","message":"full","reason":"TerminationByKubelet","status":"True","type":"DisruptionTarget"}],"containerStatuses":[{"state":{"terminated":{}}}],"message":"full","phase":"Failed","reason":"Evicted"}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	pod.part("status")["reason"] = ""
	if !pod.runs() {
		t.Error("kubelet has not taken the eviction for its own yet")
	}
}

func TestAFileHasRoomAheadOfItsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if isFileSystem(path, tmpfsMagic) {
		t.Skip("skipped: the folder for temporary files is in memory")
	}
	for range 2 {
		if err := aheadOf(path, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		t.Fatal(err)
	}
	if stat.Size != 4 || stat.Blocks*512 < 1<<20 || stat.Blocks*512 > 2<<20 {
		t.Errorf("got a size of %d on %d bytes of the disk", stat.Size, stat.Blocks*512)
	}
}
