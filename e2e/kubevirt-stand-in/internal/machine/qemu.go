package machine

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

const (
	qemuProgram = "qemu-system-x86_64"
	// The working files of this engine, gone with the pod.
	qemuDirectory = DisksDirectory + "/qemu"
	mebibyte      = 1 << 20
)

// qemuEngine is a machine that is a QEMU of Debian's: KVM where it works, else emulation.
type qemuEngine struct {
	description Description
	console     *os.File
	address     net.HardwareAddr
	arguments   []string
}

func newQEMUEngine(description Description, console *os.File) (engine, error) {
	if err := os.MkdirAll(qemuDirectory, 0o755); err != nil {
		return nil, err
	}
	own := &qemuEngine{description: description, console: console}
	network, err := bridgePod(description.MAC)
	if err != nil {
		return nil, err
	}
	own.address = network.mac
	if err := network.serveDHCP(console); err != nil {
		return nil, err
	}
	drives, err := own.drives()
	if err != nil {
		return nil, err
	}
	own.arguments = append([]string{
		"-machine", "q35", "-accel", accelerator(), "-cpu", "max",
		"-smp", strconv.FormatUint(uint64(description.Cores), 10),
		"-m", strconv.FormatInt(description.MemoryBytes/mebibyte, 10),
		"-uuid", description.UUID, "-name", description.Name,
		"-nodefaults", "-no-user-config", "-display", "none",
		"-serial", "stdio", "-qmp", "unix:" + qmpSocket + ",server=on,wait=off",
		"-device", "virtio-rng-pci",
		"-netdev", "tap,id=pod,ifname=" + tapName + ",script=no,downscript=no",
		"-device", "virtio-net-pci,netdev=pod,romfile=,mac=" + network.mac.String(),
	}, drives...)
	own.arguments = append(own.arguments, own.kernel()...)
	return own, nil
}

func (e *qemuEngine) mac() string { return e.address.String() }

// kernel is kernelBoot: the disk's boot loader is not used then.
func (e *qemuEngine) kernel() []string {
	if e.description.KernelPath == "" {
		return nil
	}
	directory := filepath.Join(DisksDirectory, KernelBootDisk)
	arguments := []string{"-kernel", filepath.Join(directory, filepath.Base(e.description.KernelPath)), "-append", e.description.KernelArgs}
	if e.description.InitrdPath != "" {
		arguments = append(arguments, "-initrd", filepath.Join(directory, filepath.Base(e.description.InitrdPath)))
	}
	return arguments
}

// start runs QEMU. A reboot inside is QEMU's own business: the process, and so the pod, stays.
func (e *qemuEngine) start() (running, error) {
	command := exec.Command(qemuProgram, e.arguments...)
	command.Stdout, command.Stderr = e.console, e.console
	if err := command.Start(); err != nil {
		return nil, err
	}
	return &qemuMachine{command: command}, nil
}

type qemuMachine struct {
	command *exec.Cmd
	once    sync.Once
}

func (m *qemuMachine) powerButton() error { return qmp("system_powerdown") }

func (m *qemuMachine) kill() { m.once.Do(func() { m.command.Process.Kill() }) } //nolint:errcheck // it has ended

func (m *qemuMachine) wait() end {
	if m.command.Wait() != nil {
		return crashed
	}
	return poweredOff
}

// tool runs a program of the QEMU image and gives what it said when it fails.
func tool(name string, arguments ...string) error {
	if output, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// accelerator is kvm where it works. A machine may have /dev/kvm without the processor's extension: it opens
// there, but QEMU stops at an assertion about a model-specific register.
func accelerator() string {
	content, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || !regexp.MustCompile(`\b(vmx|svm)\b`).Match(content) {
		return "tcg"
	}
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return "tcg"
	}
	device.Close()
	return "kvm"
}
