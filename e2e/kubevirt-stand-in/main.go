// Command kubevirt-stand-in is test equipment, not a part of knest: it stands in for KubeVirt on the embedded
// host. One program is everything of it: controller and API, and the launcher in every launcher pod.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"knest.dev/e2e/kubevirt-stand-in/internal/machine"
)

const usage = "usage: kubevirt-stand-in serve|run|machine|console|install|copy …"

func main() {
	if name := filepath.Base(os.Args[0]); name == "reboot" || name == "poweroff" || name == "halt" {
		exit(machine.PowerCommand(name))
	}
	if len(os.Args) < 2 {
		exit(fmt.Errorf(usage))
	}
	verb, arguments := os.Args[1], os.Args[2:]
	switch {
	case verb == "serve":
		exit(serve(arguments))
	case verb == "run" && len(arguments) == 1:
		os.Exit(machine.Run(arguments[0]))
	case verb == "machine":
		exit(machine.Ask(arguments))
	case verb == "console" && len(arguments) == 0:
		exit(machine.ShowConsole())
	case verb == "install" && len(arguments) == 1:
		exit(machine.Install(arguments[0]))
	case verb == "copy" && len(arguments) == 2:
		exit(machine.CopyOut(arguments[0], arguments[1]))
	case verb == "boot-container":
		exit(machine.BootContainer())
	case verb == "ssh-when-up":
		exit(machine.SSHWhenUp())
	default:
		exit(fmt.Errorf(usage))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubevirt-stand-in:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
