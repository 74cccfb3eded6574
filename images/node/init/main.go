// The knest-init command is PID 1 of a pod node: it gives the node its own cgroup tree and its
// disk, writes what kubelet and containerd must know about this very start, and supervises both.
// Called as systemctl it asks PID 1, so that kubeadm finds an init system it knows.
// In a virtual machine systemd is PID 1; there knest-init only prepares, by the same code.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if filepath.Base(os.Args[0]) == "systemctl" {
		os.Exit(systemctl(os.Args[1:]))
	}
	if os.Getpid() != 1 {
		os.Exit(command(os.Args[1:]))
	}
	if os.Getenv(stageVariable) == "" {
		fatal("enter namespaces", enterNamespaces())
	}
	os.Unsetenv(stageVariable)
	runNode()
}

func command(args []string) int {
	machine := map[string]func() error{"prepare": prepareMachine, "complete": completeMachine, "kubelet": runMachineKubelet}
	switch {
	case len(args) > 0 && args[0] == "ready":
		return readyCommand(args[1:])
	case len(args) == 1 && machine[args[0]] != nil:
		if !runsSystemd() {
			fmt.Fprintf(os.Stderr, "knest-init %s is for virtual machines with systemd\n", args[0])
			return 2
		}
		fatal(args[0], machine[args[0]]())
		return 0
	default:
		fmt.Fprintln(os.Stderr, "usage: knest-init ready [--wait SECONDS]   (starting a node is for PID 1 only)")
		return 2
	}
}

// fatal ends the node, and tells the host's kubelet why: it shows that with the pod.
func fatal(what string, err error) {
	if err != nil {
		logf("%s: %v", what, err)
		appendFile("/dev/termination-log", fmt.Sprintf("%s: %v", what, err)) //nolint:errcheck // only pods have it
		os.Exit(1)
	}
}

// warn reports what a node can live without.
func warn(what string, err error) {
	if err != nil {
		logf("warning: %s: %v", what, err)
	}
}

func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "knest-init: "+format+"\n", args...)
}
