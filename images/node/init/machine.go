package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// In a virtual machine systemd is PID 1 and runs three of this program's commands as units: prepare
// before containerd, complete when containerd answers, kubelet as kubelet's own.

const (
	machineHosts     = "/etc/knest/hosts"
	machineDisk      = "/var/lib/knest"
	containerdSocket = "/run/containerd/containerd.sock"
	// pendingArchive names the images that complete must still import.
	pendingArchive = runDirectory + "/pending-archive"
)

// prepareMachine makes a virtual machine a node; nothing runs yet. It may run again at any time.
func prepareMachine() error {
	if err := makeDirectories(runDirectory, dropIns, machineDisk); err != nil {
		return err
	}
	f := facts{CgroupVersion: 1}
	if isFileSystem(cgroupRoot, cgroup2Magic) {
		f.CgroupVersion = 2
	}
	var err error
	if f.Incarnation, f.NewDisk, err = incarnation(machineDisk); err != nil {
		return err
	}
	if earlier, err := readFacts(factsFile); err == nil { // of this boot: the disk is as new as it was
		f.NewDisk = earlier.NewDisk
	}
	setSysctls()
	hosts, err := os.ReadFile(machineHosts)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := f.identify(hostLines(string(hosts))); err != nil {
		return err
	}
	if err := f.writeSettings(machineKind{systemd: true}); err != nil {
		return err
	}
	archive, store, err := prepareStore()
	if err != nil {
		return fmt.Errorf("image store: %w", err)
	}
	f.Store = store
	if archive != "" {
		os.Remove(readyFile) //nolint:errcheck // complete writes it when the import is done
	}
	if err := writeFile(pendingArchive, archive, 0o644); err != nil {
		return err
	}
	return f.write(factsFile)
}

// hostLines leaves out what says nothing.
func hostLines(content string) []string {
	var lines []string
	for line := range strings.Lines(content) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// completeMachine puts the last images in place and says that the node is ready. Repeatable.
func completeMachine() error {
	f, err := readFacts(factsFile)
	if err != nil {
		return err
	}
	archive, err := os.ReadFile(pendingArchive)
	if err != nil {
		return err
	}
	if len(archive) > 0 {
		run := func(argv []string) error {
			command := exec.Command(argv[0], argv[1:]...)
			command.Stdout, command.Stderr = os.Stderr, os.Stderr
			return command.Run()
		}
		if err := importImages(string(archive), f.Store, run); err != nil {
			return fmt.Errorf("import the images of the new image: %w", err)
		}
		if err := writeFile(pendingArchive, "", 0o644); err != nil {
			return err
		}
	}
	if _, err := os.Stat(readyFile); err == nil {
		return nil
	}
	uptime, _ := os.ReadFile("/proc/uptime")
	seconds, _, _ := strings.Cut(string(uptime), " ")
	return writeFile(readyFile, "ready after "+seconds+" s\n", 0o644)
}

// runMachineKubelet becomes kubelet, with the address of today.
func runMachineKubelet() error {
	f, err := readFacts(factsFile)
	if err != nil {
		return err
	}
	argv := f.kubeletCommand()
	return syscall.Exec(argv[0], argv, os.Environ())
}

// machineReady is what ready means without a PID 1 to ask: images in place, and containerd answers.
func machineReady() (string, bool) {
	text, err := os.ReadFile(readyFile)
	if err != nil {
		return "", false
	}
	connection, err := net.Dial("unix", containerdSocket)
	if err != nil {
		return "", false
	}
	connection.Close()
	return strings.TrimSpace(string(text)), true
}

func awaitMachine(deadline time.Time) int {
	for {
		if text, ready := machineReady(); ready {
			fmt.Println(text)
			return 0
		}
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "not ready: see journalctl --unit knest-node --unit containerd")
			return 1
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func runsSystemd() bool {
	_, err := os.Stat("/run/systemd/system") // sd_booted(3)
	return err == nil
}
