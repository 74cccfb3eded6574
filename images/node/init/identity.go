package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// identify gives the node its name and its identity and finds its address of today. hosts are further
// lines for /etc/hosts. Repeatable.
func (f *facts) identify(hosts []string) error {
	if name := os.Getenv("KNEST_NODE_NAME"); name != "" {
		if err := syscall.Sethostname([]byte(name)); err != nil {
			return err
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	f.NodeName = name
	if output, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		warn("lo up: "+strings.TrimSpace(string(output)), err)
	}
	if identity := os.Getenv("KNEST_IDENTITY"); identity != "" {
		if net.ParseIP(identity) == nil {
			return fmt.Errorf("KNEST_IDENTITY must be an IP address, not %q", identity)
		}
		if output, err := exec.Command("ip", "address", "replace", identity+"/32", "dev", "lo").CombinedOutput(); err != nil {
			return fmt.Errorf("add %s to lo: %s", identity, output)
		}
		f.Identity = identity
	}
	if addresses := os.Getenv("KNEST_LOAD_BALANCER_ADDRESSES"); addresses != "" {
		if _, _, err := net.ParseCIDR(addresses); err != nil {
			return fmt.Errorf("KNEST_LOAD_BALANCER_ADDRESSES must be a range of IP addresses, not %q", addresses)
		}
		// A local route: the node answers for all of them, and none is taken for its own.
		if output, err := exec.Command("ip", "route", "replace", "local", addresses, "dev", "lo").CombinedOutput(); err != nil {
			return fmt.Errorf("answer for %s: %s", addresses, output)
		}
	}
	f.Interface, f.NodeIP, f.MTU, err = primaryAddress()
	warn("find the node's address", err)
	current, err := os.ReadFile("/etc/hosts")
	if err != nil {
		current = nil // then the file is made
	}
	// In place: /etc/hosts is often a mounted file.
	if wanted := hostsFile(string(current), f.NodeIP, name, hosts); wanted != string(current) {
		warn("write /etc/hosts", os.WriteFile("/etc/hosts", []byte(wanted), 0o644))
	}
	return nil
}

const (
	hostsBegin = "# knest-init writes these lines at every start"
	hostsEnd   = "# end of knest-init's lines"
)

// hostsFile replaces what an earlier start has added: the node's own line, if nothing else names the
// node, and the further lines. Everything else stays.
func hostsFile(current, ip, name string, further []string) string {
	var kept []string
	ours := false
	for line := range strings.Lines(current) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == hostsBegin:
			ours = true
		case line == hostsEnd:
			ours = false
		case !ours:
			kept = append(kept, line)
		}
	}
	var added []string
	if ip != "" && !namesHost(append(kept, further...), name) {
		added = append(added, ip+" "+name)
	}
	if added = append(added, further...); len(added) > 0 {
		kept = append(append(append(kept, hostsBegin), added...), hostsEnd)
	}
	return strings.Join(kept, "\n") + "\n"
}

func namesHost(lines []string, name string) bool {
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 1 && slices.Contains(fields[1:], name) {
			return true
		}
	}
	return false
}
