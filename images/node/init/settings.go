package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// machineKind is what a container and a virtual machine differ in.
type machineKind struct {
	// systemd says that systemd is PID 1 and owns the cgroups: kubelet and runc must ask it for theirs.
	systemd bool
}

// writeSettings tells kubelet and containerd what is true of this very start. Repeatable.
func (f *facts) writeSettings(kind machineKind) error {
	content, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return err
	}
	if err := writeFile(resolvConf, filterResolvConf(string(content)), 0o644); err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	f.CapSysResource = hasCapability(string(status), capSysResource)
	meminfo, _ := os.ReadFile("/proc/meminfo")
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	machine := limits{memoryBytes: machineMemory(string(meminfo)), milliCPUs: machineMilliCPUs(string(cpuinfo))}
	reserve := reserved(machine, readLimits(cgroupRoot, f.CgroupVersion))
	f.MemoryBytes = machine.memoryBytes - reserve.memoryBytes
	f.MilliCPUs = machine.milliCPUs - reserve.milliCPUs
	if err := writeFile(filepath.Join(dropIns, "10-knest.conf"),
		kubeletDropIn(reserve, resolvConf, oomScoreFloor(f.CapSysResource), kind.systemd), 0o644); err != nil {
		return err
	}
	pause, err := os.ReadFile(inStore("pause"))
	if err != nil {
		return err
	}
	return writeFile(containerdConfig, containerdSettings(strings.TrimSpace(string(pause)), !f.CapSysResource, kind.systemd), 0o644)
}

// oomScoreFloor is the lowest score kubelet may give itself: without CAP_SYS_RESOURCE none below our own.
func oomScoreFloor(capable bool) *int {
	if capable {
		return nil
	}
	content, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return new(int)
	}
	own, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return new(int)
	}
	own = max(own, 0)
	return &own
}

// setSysctls sets what Kubernetes needs in the node's own network.
func setSysctls() {
	for path, value := range map[string]string{
		"net/ipv4/ip_forward":                 "1",
		"net/ipv4/conf/all/rp_filter":         "0",
		"net/ipv4/conf/default/rp_filter":     "0",
		"net/bridge/bridge-nf-call-iptables":  "1",
		"net/bridge/bridge-nf-call-ip6tables": "1",
	} {
		err := os.WriteFile(filepath.Join(sysctls, path), []byte(value), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			warn("set "+path, err)
		}
	}
	raiseSysctls(sysctls)
}
