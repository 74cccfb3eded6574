package machine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"knest.dev/e2e/kubevirt-stand-in/internal/cloudinit"
)

const (
	nodeInit = "/usr/local/bin/knest-init"
	nodeEnv  = "/etc/knest/node.env"
)

// BootContainer is PID 1 of a machine of the engine container, until it has become the node image's init.
func BootContainer() error {
	description, err := Describe()
	if err != nil {
		return err
	}
	fmt.Printf("[stand-in] machine %s boots\n", description.Name)
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := installGuestPrograms(); err != nil {
		return err
	}
	if err := initialize(description); err != nil {
		// As with a VM whose cloud-init failed: it runs, but nobody can log in.
		fmt.Println("[stand-in] cloud-init:", err)
	} else if err := startSSHLater(); err != nil {
		return err
	}
	if err := nameHosts(); err != nil {
		return err
	}
	environment, err := nodeEnvironment()
	if err != nil {
		return err
	}
	return syscall.Exec(nodeInit, []string{nodeInit}, environment)
}

// initialize does what cloud-init of the VM image does, at every boot: the seed is the truth, on a disk that
// outlived its pod as well (images/vm/README.md).
func initialize(description Description) error {
	userData, err := description.userData()
	if err != nil || userData == nil {
		return err
	}
	config, err := cloudinit.Parse(userData)
	if err != nil {
		return err
	}
	return config.Apply("/")
}

// installGuestPrograms adds to the node image what a VM image has and it has not.
func installGuestPrograms() error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"reboot", "poweroff", "halt"} {
		if err := os.Symlink(own, "/usr/sbin/"+name); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return installSSHD(filepath.Join(filepath.Dir(own), "sshd"))
}

// nameHosts adds the lines that the user data left, as the VM image's knest-init does.
func nameHosts() error {
	lines, err := os.ReadFile("/etc/knest/hosts")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil {
		return err
	}
	if bytes.Contains(hosts, lines) {
		return nil
	}
	// In place: the file is a mount of kubelet's.
	file, err := os.OpenFile("/etc/hosts", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append([]byte("\n"), lines...))
	return err
}

// nodeEnvironment is what knest-init of the pod image takes from its environment, and a VM's from a file.
func nodeEnvironment() ([]string, error) {
	environment := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	content, err := os.ReadFile(nodeEnv)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); strings.Contains(line, "=") && !strings.HasPrefix(line, "#") {
			environment = append(environment, line)
		}
	}
	return environment, nil
}

// startSSHLater leaves a child that becomes sshd once the node's init has made its namespaces.
func startSSHLater() error {
	command := exec.Command("/proc/self/exe", "ssh-when-up")
	command.Env = os.Environ()
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Start()
}
