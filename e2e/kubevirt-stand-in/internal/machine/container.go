package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// bootStage is the first program of a machine of the engine container, see BootContainer.
const bootStage = "boot-container"

// containerEngine is a machine that is a tree of processes: PID 1 in PID and mount namespaces of its own,
// so that reboot and poweroff end it as they end a machine, and not the pod.
type containerEngine struct {
	description Description
	console     *os.File
	link        netlink.Link
	cgroup      *os.File
}

func newContainerEngine(description Description, console *os.File) (engine, error) {
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return nil, fmt.Errorf("the pod's interface: %w", err)
	}
	cgroup, err := machineCgroup(description.MemoryBytes)
	if err != nil {
		return nil, err
	}
	own := &containerEngine{description: description, console: console, link: link, cgroup: cgroup}
	return own, own.plugIn()
}

// plugIn gives the machine's own MAC address to the pod's interface, as bridge binding gives it to the guest.
func (e *containerEngine) plugIn() error {
	if e.description.MAC == "" {
		return nil
	}
	if err := announceAddresses(e.link); err != nil {
		return err
	}
	if err := setMAC(e.link, e.description.MAC); err != nil {
		return err
	}
	link, err := netlink.LinkByName("eth0")
	e.link = link
	return err
}

func (e *containerEngine) mac() string { return e.link.Attrs().HardwareAddr.String() }

func (e *containerEngine) start() (running, error) {
	// Nobody answers for the address while a machine boots: who dials it gets "no route to host".
	if err := netlink.LinkSetARPOff(e.link); err != nil {
		return nil, fmt.Errorf("take the machine off the network: %w", err)
	}
	machine := &containerMachine{off: make(chan end, 1)}
	go machine.boot(e)
	return machine, nil
}

// containerMachine is switched on: the first moment of it passes before anything runs.
type containerMachine struct {
	mutex   sync.Mutex
	process *os.Process
	unplug  bool
	off     chan end
}

func (m *containerMachine) boot(e *containerEngine) {
	time.Sleep(e.description.BootDelay)
	command := exec.Command("/proc/self/exe", bootStage)
	command.Env = os.Environ()
	command.Stdout, command.Stderr = e.console, e.console
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setsid: true}
	if e.cgroup != nil {
		command.SysProcAttr.UseCgroupFD, command.SysProcAttr.CgroupFD = true, int(e.cgroup.Fd())
	}
	m.mutex.Lock()
	if m.unplug {
		m.mutex.Unlock()
		m.off <- crashed
		return
	}
	err := command.Start()
	if err == nil {
		m.process = command.Process
	}
	m.mutex.Unlock()
	if err == nil {
		err = netlink.LinkSetARPOn(e.link)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "launcher: boot:", err)
		m.off <- crashed
		return
	}
	m.off <- howItEnded(command.Wait())
}

// howItEnded reads what the kernel makes of reboot(2) in a PID namespace: its init ends by SIGHUP for a
// reboot and by SIGINT for a power off (pid_namespaces(7)).
func howItEnded(err error) end {
	if err == nil {
		return poweredOff
	}
	var failure *exec.ExitError
	if errors.As(err, &failure) {
		status, known := failure.Sys().(syscall.WaitStatus)
		switch {
		case known && status.Signaled() && status.Signal() == syscall.SIGHUP:
			return rebooted
		case known && status.Signaled() && status.Signal() == syscall.SIGINT:
			return poweredOff
		}
	}
	return crashed
}

func (m *containerMachine) powerButton() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.process == nil {
		return errors.New("nothing runs yet that could shut down")
	}
	return m.process.Signal(syscall.SIGTERM)
}

func (m *containerMachine) kill() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.unplug = true
	if m.process != nil {
		m.process.Kill() //nolint:errcheck // it has ended by itself
	}
}

func (m *containerMachine) wait() end { return <-m.off }
