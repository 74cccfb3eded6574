package machine

import (
	"bytes"
	"encoding/json"
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
	// appliedMarker tells that this root file system has had its user data: a reboot changes nothing.
	appliedMarker = "/var/lib/cloud/instance/boot-finished"
	// instanceFile is what the machine's lasting disk remembers of cloud-init.
	instanceFile = NodeDisk + "/cloud-instance.json"
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

// initialize does what cloud-init does. A disk that outlives the pod also keeps the user data it was first
// booted with: the instance ID is the firmware's UUID, and that does not change (observed 32).
func initialize(description Description) error {
	userData, err := description.userData()
	if err != nil || userData == nil {
		return err
	}
	var known struct {
		ID       string `json:"id"`
		UserData []byte `json:"userData"`
	}
	if content, err := os.ReadFile(instanceFile); err == nil && json.Unmarshal(content, &known) == nil && known.ID == description.UUID {
		userData = known.UserData
	}
	config, err := cloudinit.Parse(userData)
	if err != nil {
		return err
	}
	if _, err := os.Stat(appliedMarker); err == nil {
		return nil
	}
	if err := config.Apply("/"); err != nil {
		return err
	}
	if err := config.Start(os.Stdout); err != nil {
		return err
	}
	known.ID, known.UserData = description.UUID, userData
	content, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := os.WriteFile(instanceFile, content, 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(appliedMarker), 0o755); err != nil {
		return err
	}
	return os.WriteFile(appliedMarker, nil, 0o644)
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
