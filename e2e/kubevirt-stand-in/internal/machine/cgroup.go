package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const cgroupRoot = "/sys/fs/cgroup"

// machineCgroup makes a cgroup of the machine's own beside the launcher's, where the container has a cgroup
// v2: knest-init takes everything out of the root of what it sees, which it could not do with a launcher
// outside of its PID namespace. On cgroup v1 a hierarchy may hold both. The pod's limit has the overhead in it; what the
// machine finds is its own memory.
func machineCgroup(memoryBytes int64) (*os.File, error) {
	memory := []byte(strconv.FormatInt(memoryBytes, 10))
	controllers, err := os.ReadFile(filepath.Join(cgroupRoot, "cgroup.controllers"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, os.WriteFile(filepath.Join(cgroupRoot, "memory/memory.limit_in_bytes"), memory, 0)
	}
	if err != nil {
		return nil, err
	}
	launcher, machine := filepath.Join(cgroupRoot, "launcher"), filepath.Join(cgroupRoot, "machine")
	for _, directory := range []string{launcher, machine} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(launcher, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return nil, fmt.Errorf("move the launcher to a cgroup of its own: %w", err)
	}
	for _, controller := range strings.Fields(string(controllers)) {
		if err := os.WriteFile(filepath.Join(cgroupRoot, "cgroup.subtree_control"), []byte("+"+controller), 0); err != nil {
			return nil, fmt.Errorf("enable cgroup controller %s: %w", controller, err)
		}
	}
	limits := map[string][]byte{"memory.max": memory}
	if cpu, err := os.ReadFile(filepath.Join(cgroupRoot, "cpu.max")); err == nil {
		limits["cpu.max"] = cpu
	}
	for name, value := range limits {
		if err := os.WriteFile(filepath.Join(machine, name), value, 0); err != nil {
			return nil, err
		}
	}
	return os.Open(machine)
}
