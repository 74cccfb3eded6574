package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// facts are what is true of this start of the node.
type facts struct {
	NodeName       string `json:"nodeName"`
	NodeIP         string `json:"nodeIP"`
	Interface      string `json:"interface"`
	MTU            int    `json:"mtu"`
	Identity       string `json:"identity,omitempty"`
	CgroupVersion  int    `json:"cgroupVersion"`
	CapSysResource bool   `json:"capSysResource"`
	MemoryBytes    uint64 `json:"memoryBytes"`
	MilliCPUs      uint64 `json:"milliCPUs"`
	Incarnation    string `json:"incarnation"`
	NewDisk        bool   `json:"newDisk"`
	Store          string `json:"store"`
}

const capSysResource = 24

// hasCapability looks into CapEff of a /proc/PID/status.
func hasCapability(status string, capability uint) bool {
	for line := range strings.Lines(status) {
		if value, found := strings.CutPrefix(line, "CapEff:"); found {
			mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return err == nil && mask&(1<<capability) != 0
		}
	}
	return false
}

// defaultInterface finds the interface of the default route in a /proc/net/route.
func defaultInterface(routes io.Reader) string {
	lines := bufio.NewScanner(routes)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 7 && fields[1] == "00000000" && fields[7] == "00000000" {
			return fields[0]
		}
	}
	return ""
}

// primaryAddress is the first global IPv4 address of the default route's interface.
func primaryAddress() (name, ip string, mtu int, err error) {
	routes, err := os.Open("/proc/net/route")
	if err != nil {
		return "", "", 0, err
	}
	defer routes.Close()
	name = defaultInterface(routes)
	if name == "" {
		return "", "", 0, fmt.Errorf("no default route")
	}
	device, err := net.InterfaceByName(name)
	if err != nil {
		return name, "", 0, err
	}
	addresses, err := device.Addrs()
	if err != nil {
		return name, "", device.MTU, err
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			return name, network.IP.String(), device.MTU, nil
		}
	}
	return name, "", device.MTU, fmt.Errorf("interface %s has no IPv4 address", name)
}

// filterResolvConf drops the search domains of the host cluster's Services, so that a nested pod that
// asks for a Service of the same name does not get the host's. The bare cluster domain stays.
func filterResolvConf(content string) string {
	var result strings.Builder
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "search" {
			result.WriteString(strings.TrimRight(line, "\n") + "\n")
			continue
		}
		kept := []string{"search"}
		for _, domain := range fields[1:] {
			if !strings.HasPrefix(domain, "svc.") && !strings.Contains(domain, ".svc.") {
				kept = append(kept, domain)
			}
		}
		if len(kept) > 1 {
			result.WriteString(strings.Join(kept, " ") + "\n")
		}
	}
	return result.String()
}

func machineMemory(meminfo string) uint64 {
	for line := range strings.Lines(meminfo) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseUint(fields[1], 10, 64)
			return kib * 1024
		}
	}
	return 0
}

func machineMilliCPUs(cpuinfo string) uint64 {
	return 1000 * uint64(strings.Count("\n"+cpuinfo, "\nprocessor"))
}

// reserved is what kubelet must set aside so that Allocatable is the container's limit and not the
// machine's size. No limit, or one above the machine's size, reserves nothing.
func reserved(machine, limit limits) limits {
	minus := func(size, limit uint64) uint64 {
		if limit == 0 || limit >= size {
			return 0
		}
		return size - limit
	}
	return limits{
		memoryBytes: minus(machine.memoryBytes, limit.memoryBytes),
		milliCPUs:   minus(machine.milliCPUs, limit.milliCPUs),
	}
}

// kubeletDropIn holds the settings that can differ at every start; everything else is kubeadm's.
func kubeletDropIn(reserve limits, resolvConf string, oomScoreAdj *int, systemd bool) string {
	var out strings.Builder
	out.WriteString("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n")
	fmt.Fprintf(&out, "resolvConf: %s\nfailCgroupV1: false\nfailSwapOn: false\n", resolvConf)
	// The cluster's own setting is that of its first control plane, which may be of the other kind.
	driver := "cgroupfs"
	if systemd {
		driver = "systemd"
	}
	fmt.Fprintf(&out, "cgroupDriver: %s\n", driver)
	if oomScoreAdj != nil {
		fmt.Fprintf(&out, "oomScoreAdj: %d\n", *oomScoreAdj)
	}
	if reserve != (limits{}) {
		out.WriteString("systemReserved:\n")
		if reserve.memoryBytes > 0 {
			fmt.Fprintf(&out, "  memory: %q\n", strconv.FormatUint(reserve.memoryBytes, 10))
		}
		if reserve.milliCPUs > 0 {
			fmt.Fprintf(&out, "  cpu: %dm\n", reserve.milliCPUs)
		}
	}
	return out.String()
}

// incarnation is a random name a disk gets on its first start: another name is another disk. One that a power
// cut has damaged counts as absent.
func incarnation(disk string) (id string, fresh bool, err error) {
	path := filepath.Join(disk, "incarnation")
	if content, err := os.ReadFile(path); err == nil {
		if id := strings.TrimSpace(string(content)); isIncarnation(id) {
			return id, false, nil
		}
		logf("warning: %s is damaged, the disk gets a new name", path)
	}
	random := make([]byte, incarnationBytes)
	rand.Read(random) //nolint:errcheck // never fails
	id = hex.EncodeToString(random)
	return id, true, writeDurably(path, id+"\n", 0o644)
}

const incarnationBytes = 16

func isIncarnation(text string) bool {
	decoded, err := hex.DecodeString(text)
	return err == nil && len(decoded) == incarnationBytes
}

func (f facts) write(path string) error {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, string(content)+"\n", 0o644)
}

func readFacts(path string) (facts, error) {
	var f facts
	content, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(content, &f); err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}
