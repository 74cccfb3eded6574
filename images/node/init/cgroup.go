package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	stageVariable  = "KNEST_INIT_STAGE"
	cgroupRoot     = "/sys/fs/cgroup"
	cgroup2Magic   = 0x63677270
	overlayMagic   = 0x794c7630
	tmpfsMagic     = 0x01021994
	cloneNewCgroup = 0x02000000
)

// cgroupEntry is one line of /proc/self/cgroup.
type cgroupEntry struct {
	controllers string // "cpu,cpuacct", "name=systemd", or "" for the unified hierarchy
	path        string
}

func parseCgroups(r io.Reader) ([]cgroupEntry, error) {
	var entries []cgroupEntry
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("/proc/self/cgroup: unexpected line %q", lines.Text())
		}
		entries = append(entries, cgroupEntry{controllers: parts[1], path: parts[2]})
	}
	return entries, lines.Err()
}

// isUnified tells cgroup v2 from v1 and hybrid: no v1 hierarchy has a controller. One that only has a name, as elogind
// and openrc mount it, may be there as well.
func isUnified(entries []cgroupEntry) bool {
	unified := false
	for _, entry := range entries {
		switch {
		case entry.controllers == "":
			unified = true
		case !strings.HasPrefix(entry.controllers, "name="):
			return false
		}
	}
	return unified
}

// v1Mount is where and how one v1 hierarchy is mounted; links are the single controllers of a joint one.
type v1Mount struct {
	directory, options string
	links              []string
}

func v1Mounts(entries []cgroupEntry) []v1Mount {
	var mounts []v1Mount
	for _, entry := range entries {
		name, named := strings.CutPrefix(entry.controllers, "name=")
		switch {
		case entry.controllers == "": // the v2 part of a hybrid machine: kubelet and runc use v1 there
		case named:
			mounts = append(mounts, v1Mount{directory: name, options: "none,name=" + name})
		default:
			mount := v1Mount{directory: entry.controllers, options: entry.controllers}
			if strings.Contains(entry.controllers, ",") {
				mount.links = strings.Split(entry.controllers, ",")
			}
			mounts = append(mounts, mount)
		}
	}
	return mounts
}

// enterNamespaces replaces this process by itself in a cgroup and a mount namespace of its own.
// A privileged container sees the host's whole cgroup tree: two kubelets would then share /kubepods
// and kill each other's pods (siderolabs/talos#6071, kubernetes/kubernetes#112937).
// It does not fork: exec into the container joins the mount namespace of PID 1 and lands in its cgroup.
func enterNamespaces() error {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS | cloneNewCgroup); err != nil {
		return fmt.Errorf("unshare (is the container privileged?): %w", err)
	}
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), stageVariable+"=1"))
}

// mountCgroups mounts fresh hierarchies, whose roots are the container's own cgroups, and returns 1 or 2.
func mountCgroups() (int, error) {
	file, err := os.Open("/proc/self/cgroup")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	entries, err := parseCgroups(file)
	if err != nil {
		return 0, err
	}
	unmountAll(cgroupRoot)
	if isUnified(entries) {
		if err := mountUnified(); err != nil {
			return 0, err
		}
		removeLeft(cgroupRoot)
		return 2, nil
	}
	if err := mountV1(entries); err != nil {
		return 0, err
	}
	for _, mount := range v1Mounts(entries) {
		removeLeft(filepath.Join(cgroupRoot, mount.directory))
	}
	return 1, nil
}

// removeLeft removes the pods' cgroups that a run of this container left, as a machine that boots has none: for
// each of them kubelet would wait three seconds for a task (google/cadvisor, container/containerd/handler.go).
// A cgroup with processes stays, and so does everything where the hierarchy is the machine's own.
func removeLeft(hierarchy string) {
	if isMachinesRoot(hierarchy) {
		return
	}
	var left []string
	filepath.WalkDir(filepath.Join(hierarchy, "kubepods"), func(path string, entry os.DirEntry, err error) error { //nolint:errcheck // what cannot be read stays
		if err == nil && entry.IsDir() {
			left = append(left, path)
		}
		return nil
	})
	for _, path := range slices.Backward(left) {
		syscall.Rmdir(path) //nolint:errcheck // it may be in use
	}
}

// isMachinesRoot tells the root of a whole hierarchy, which only v1 gives a release agent and only v2 no type.
func isMachinesRoot(hierarchy string) bool {
	_, agent := os.Stat(filepath.Join(hierarchy, "release_agent"))
	_, typed := os.Stat(filepath.Join(hierarchy, "cgroup.type"))
	return agent == nil || (typed != nil && isFileSystem(hierarchy, cgroup2Magic))
}

func mountV1(entries []cgroupEntry) error {
	if err := syscall.Mount("tmpfs", cgroupRoot, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "mode=755"); err != nil {
		return fmt.Errorf("mount tmpfs on %s: %w", cgroupRoot, err)
	}
	for _, mount := range v1Mounts(entries) {
		directory := filepath.Join(cgroupRoot, mount.directory)
		if err := os.Mkdir(directory, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("cgroup", directory, "cgroup", 0, mount.options); err != nil {
			return fmt.Errorf("mount cgroup %s: %w", mount.options, err)
		}
		for _, link := range mount.links {
			if err := os.Symlink(mount.directory, filepath.Join(cgroupRoot, link)); err != nil {
				return err
			}
		}
	}
	return nil
}

func mountUnified() error {
	if err := syscall.Mount("cgroup2", cgroupRoot, "cgroup2", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount cgroup2: %w", err)
	}
	// A cgroup with processes of its own cannot hand controllers to children ("no internal processes").
	leaf := filepath.Join(cgroupRoot, "init")
	if err := os.MkdirAll(leaf, 0o755); err != nil {
		return err
	}
	if err := emptyInto(leaf); err != nil {
		return err
	}
	controllers, err := os.ReadFile(filepath.Join(cgroupRoot, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(controllers)) {
		warn("enable cgroup controller "+controller, handDown(controller, leaf))
	}
	// kubelet lets a container that is out of memory end as a whole. A machine loses one process, and so
	// must a node. (There is no such file without the memory controller.)
	group := filepath.Join(cgroupRoot, "memory.oom.group")
	if err := appendFile(group, "0"); !errors.Is(err, os.ErrNotExist) {
		warn("set "+group, err)
	}
	return nil
}

// handDown gives a controller to children. A command that came into the container a moment ago stands in the
// way until it is in the leaf, too.
func handDown(controller, leaf string) error {
	control := filepath.Join(cgroupRoot, "cgroup.subtree_control")
	for range 100 {
		err := os.WriteFile(control, []byte("+"+controller), 0)
		if !errors.Is(err, syscall.EBUSY) {
			return err
		}
		if err := emptyInto(leaf); err != nil {
			return err
		}
	}
	return fmt.Errorf("the container's cgroup does not become empty")
}

// appendFile writes to a file of the kernel's: it must be there.
func appendFile(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}

// emptyInto moves every process of the root cgroup to the leaf. An exec that is just entering the
// container is seen as process 0 until it has joined our PID namespace, so it may take another look.
func emptyInto(leaf string) error {
	for range 100 {
		content, err := os.ReadFile(filepath.Join(cgroupRoot, "cgroup.procs"))
		if err != nil {
			return err
		}
		pids := strings.Fields(string(content))
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(pid), 0) //nolint:errcheck // it may have ended
		}
		if slices.Contains(pids, "0") {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return fmt.Errorf("the container's cgroup holds a process that cannot be moved")
}

// limits are what the container may use; 0 means no limit.
type limits struct {
	memoryBytes uint64
	milliCPUs   uint64
}

// readLimits reads the container's own limits: the roots of the hierarchies mounted by mountCgroups.
func readLimits(root string, version int) limits {
	read := func(path string) string {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(content))
	}
	if version == 2 {
		quota, period, _ := strings.Cut(read("cpu.max"), " ")
		return limits{memoryBytes: parseLimit(read("memory.max")), milliCPUs: milliCPUs(quota, period)}
	}
	return limits{
		memoryBytes: parseLimit(read("memory/memory.limit_in_bytes")),
		milliCPUs:   milliCPUs(read("cpu/cpu.cfs_quota_us"), read("cpu/cpu.cfs_period_us")),
	}
}

func parseLimit(text string) uint64 {
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value >= 1<<62 { // "max", or v1's "no limit": the largest whole page count
		return 0
	}
	return value
}

func milliCPUs(quota, period string) uint64 {
	q, errQuota := strconv.ParseUint(quota, 10, 64) // "max" and -1: no limit
	p, errPeriod := strconv.ParseUint(period, 10, 64)
	if errQuota != nil || errPeriod != nil || p == 0 {
		return 0
	}
	return q * 1000 / p
}
