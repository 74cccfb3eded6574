package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	sysctls = "/proc/sys"
	// visibleProc is a proc with nothing mounted over it: without one, the kernel lets no user namespace mount its own.
	visibleProc = runDirectory + "/proc"
)

// kubeletSysctls are the settings that kubelet writes and that are the whole machine's, with the values it wants.
var kubeletSysctls = map[string]int{
	"vm/overcommit_memory":      1,
	"vm/panic_on_oom":           0,
	"kernel/panic":              10,
	"kernel/panic_on_oops":      1,
	"kernel/keys/root_maxkeys":  1000000,
	"kernel/keys/root_maxbytes": 25000000,
}

// neededSysctls are those of the machine that a node cannot do without. They are only ever raised: there is no harm to
// others in more, and a machine may have been given more for others.
var neededSysctls = map[string]int{
	"fs/inotify/max_user_instances": 8192,
	"fs/inotify/max_user_watches":   524288,
	"kernel/keys/root_maxkeys":      1000000, // a key for each container
	"kernel/keys/root_maxbytes":     25000000,
}

// shadowSysctls lets kubelet read and write files of the node's own instead of the machine's settings: whether the
// machine restarts after a panic, and promises more memory than it has, is not for a node to say.
func shadowSysctls(root, directory string, bindFile func(source, target string) error) {
	for name, value := range kubeletSysctls {
		target := filepath.Join(root, name)
		if _, err := os.Stat(target); err != nil {
			continue
		}
		own := filepath.Join(directory, strings.ReplaceAll(name, "/", "."))
		err := writeFile(own, strconv.Itoa(value)+"\n", 0o644)
		if err == nil {
			err = bindFile(own, target)
		}
		warn(fmt.Sprintf("keep %s of the machine, which kubelet will set to %d", name, value), err)
	}
}

// raiseSysctls raises what the machine has less of than a node needs.
func raiseSysctls(root string) {
	for name, wanted := range neededSysctls {
		file := filepath.Join(root, name)
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if now, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && now < wanted {
			os.WriteFile(file, []byte(strconv.Itoa(wanted)), 0) //nolint:errcheck // the machine's to decide
		}
	}
}

func bindFile(source, target string) error {
	return syscall.Mount(source, target, "", syscall.MS_BIND, "")
}

func mountVisibleProc() error {
	if err := os.MkdirAll(visibleProc, 0o555); err != nil {
		return err
	}
	return syscall.Mount("proc", visibleProc, "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
}
