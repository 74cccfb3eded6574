// The knest-init command is PID 1 of a knest node: it gives the node its own cgroup tree and its
// disk, writes what kubelet and containerd must know about this very start, and supervises both.
// Called as systemctl it asks PID 1, so that kubeadm finds an init system it knows.
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
	if len(os.Args) > 1 && os.Args[1] == "ready" {
		os.Exit(readyCommand(os.Args[2:]))
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "usage: knest-init ready [--wait SECONDS]   (starting a node is for PID 1 only)")
		os.Exit(2)
	}
	if os.Getenv(stageVariable) == "" {
		fatal("enter namespaces", enterNamespaces())
	}
	os.Unsetenv(stageVariable)
	runNode()
}

func fatal(what string, err error) {
	if err != nil {
		logf("%s: %v", what, err)
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
