package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	sshdConfig = "/etc/ssh/sshd_config"
	// nodeFacts is there as soon as the node's init has its own mounts (images/node/README.md).
	nodeFacts     = "/proc/1/root/run/knest/facts"
	nodeInitLimit = time.Minute
)

// installSSHD adds Debian's OpenSSH server to the node image, which has none.
func installSSHD(from string) error {
	if err := copyTree(from, "/", false); err != nil {
		return err
	}
	// As in the VM image; all else is OpenSSH's default.
	const settings = `PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
`
	if err := os.MkdirAll(filepath.Dir(sshdConfig), 0o755); err != nil {
		return err
	}
	return os.WriteFile(sshdConfig, []byte(settings), 0o644)
}

// SSHWhenUp becomes sshd, in the namespaces that the node's init has made, some time after that.
func SSHWhenUp() error {
	description, err := Describe()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(nodeInitLimit); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(nodeFacts); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the node's init has not come up within %s: there is no %s", nodeInitLimit, nodeFacts)
		}
	}
	time.Sleep(description.SSHDelay)
	enter := []string{"nsenter", "--target", "1", "--mount", "--cgroup", "--"}
	if err := prepareSSHD(enter); err != nil {
		return err
	}
	fmt.Println("[stand-in] sshd listens on port 22")
	argv := append(enter, "/usr/sbin/sshd", "-D", "-e", "-f", sshdConfig)
	return syscall.Exec("/usr/bin/nsenter", argv, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"})
}

// prepareSSHD makes what sshd insists on: its empty directory, its user and a host key.
func prepareSSHD(enter []string) error {
	const script = `mkdir -p -m 0755 /run/sshd
grep -q '^sshd:' /etc/passwd || echo 'sshd:x:101:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
ls /etc/ssh/ssh_host_*_key >/dev/null 2>&1 || ssh-keygen -q -A`
	command := exec.Command(enter[0], append(append([]string{}, enter[1:]...), "sh", "-eu", "-c", script)...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Run()
}

// PowerCommand is reboot, poweroff and halt in a machine of the engine container. As with systemd, it
// returns at once and the machine goes down a moment later.
func PowerCommand(name string) error {
	if os.Getenv("KUBEVIRT_STAND_IN_POWER") == "" {
		command := exec.Command("/proc/self/exe")
		command.Args[0] = filepath.Base(name)
		command.Env = append(os.Environ(), "KUBEVIRT_STAND_IN_POWER=1")
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return command.Start()
	}
	time.Sleep(500 * time.Millisecond)
	how := syscall.LINUX_REBOOT_CMD_POWER_OFF
	if filepath.Base(name) == "reboot" {
		how = syscall.LINUX_REBOOT_CMD_RESTART
	}
	syscall.Kill(-1, syscall.SIGTERM) //nolint:errcheck // nothing is left to end
	time.Sleep(time.Second)
	syscall.Sync()
	return syscall.Reboot(how)
}
