package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

const podLogs = "/var/log/pods"

// A static pod's UID is a hash without dashes: etcd and the like are no pods that may be ended.
var podPath = regexp.MustCompile(`/pod([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(/|$)`)

// podOf finds the pod of this node that a process belongs to, in its /proc/PID/cgroup; "" for none. What runs in pods
// of a node that is a pod here is that node's matter.
func podOf(cgroups string) string {
	for line := range strings.Lines(cgroups) {
		found := podPath.FindAllStringSubmatch(strings.TrimSpace(line), -1)
		if len(found) > 1 {
			return ""
		}
		if len(found) == 1 {
			return found[0][1]
		}
	}
	return ""
}

// writtenBytes is what a process has written to file systems on disks, from its /proc/PID/io.
func writtenBytes(io string) uint64 {
	for line := range strings.Lines(io) {
		if value, found := strings.CutPrefix(line, "write_bytes:"); found {
			bytes, _ := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
			return bytes
		}
	}
	return 0
}

// writer is a process of a pod, or the log of one of its containers, which containerd writes.
type writer struct {
	pod   string
	pid   int // 0 for a log
	bytes uint64
}

// written is who has written how much, by a name that nothing else has.
type written map[string]writer

// minus is what each pod has written since an earlier look.
func (w written) minus(earlier written) map[string]uint64 {
	pods := map[string]uint64{}
	for name, now := range w {
		if before := earlier[name].bytes; now.bytes > before {
			pods[now.pod] += now.bytes - before
		}
	}
	return pods
}

// kill ends all that runs in a pod but what holds its network.
func (w written) kill(pod string) {
	for _, one := range w {
		if one.pod == pod && one.pid != 0 {
			syscall.Kill(one.pid, syscall.SIGKILL) //nolint:errcheck // it may have ended
		}
	}
}

// lookAtWriters looks at what runs in this node's pods, but for those of the cluster itself and those that are nodes.
func lookAtWriters() written {
	found, spared := written{}, map[string]bool{}
	paths, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, path := range paths {
		cgroups, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		pod := podOf(string(cgroups))
		if pod == "" || spared[pod] {
			continue
		}
		directory := filepath.Dir(path)
		pid, err := strconv.Atoi(filepath.Base(directory))
		if err != nil {
			continue
		}
		switch program := filepath.Base(program(pid)); program {
		case "pause":
			continue
		case "knest-init":
			spared[pod] = true
			continue
		}
		io, _ := os.ReadFile(filepath.Join(directory, "io"))
		stat, _ := os.ReadFile(filepath.Join(directory, "stat"))
		found[fmt.Sprintf("%d %s", pid, startOf(string(stat)))] = writer{pod: pod, pid: pid, bytes: writtenBytes(string(io))}
	}
	logs, _ := filepath.Glob(filepath.Join(podLogs, "*/*/*.log"))
	for _, path := range logs {
		names := strings.Split(filepath.Base(filepath.Dir(filepath.Dir(path))), "_")
		if info, err := os.Stat(path); err == nil && len(names) == 3 {
			found[path] = writer{pod: names[2], bytes: uint64(info.Size())}
		}
	}
	for _, path := range systemPods() {
		names := strings.Split(filepath.Base(path), "_")
		spared[names[len(names)-1]] = true
	}
	for name, one := range found {
		if spared[one.pod] || !podPath.MatchString("/pod"+one.pod) {
			delete(found, name)
		}
	}
	return found
}

func systemPods() []string {
	paths, _ := filepath.Glob(filepath.Join(podLogs, "kube-system_*"))
	return paths
}

// startOf is when a process was started, from its /proc/PID/stat: a later one may have its ID.
func startOf(stat string) string {
	// The program's name, in parentheses, may be anything.
	if fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]); len(fields) > 19 {
		return fields[19]
	}
	return ""
}
