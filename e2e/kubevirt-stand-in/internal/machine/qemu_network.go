package machine

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
)

const (
	bridgeName = "k6t-eth0"
	tapName    = "tap0"
	// dhcpAddress is the bridge's own, and KubeVirt's DHCP server's (observed 19).
	dhcpAddress = "169.254.75.10"
	leaseTime   = "infinite"
)

// podNetwork is what the pod's interface had, and the machine is to have.
type podNetwork struct {
	address *net.IPNet
	gateway net.IP
	mac     net.HardwareAddr
	mtu     int
}

// bridgePod takes address and MAC from the pod's interface and puts that interface with a tap on a bridge, so
// that the machine can have both: KubeVirt's bridge binding. A MAC of the machine's own leaves the pod's
// unused.
func bridgePod(wanted string) (podNetwork, error) {
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return podNetwork{}, err
	}
	network, err := readNetwork(link, wanted)
	if err != nil {
		return network, err
	}
	attributes := link.Attrs()
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName, MTU: attributes.MTU}}
	tap := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: tapName, MTU: attributes.MTU}, Mode: netlink.TUNTAP_MODE_TAP, Flags: netlink.TUNTAP_DEFAULTS}
	unused, err := randomMAC()
	if err != nil {
		return network, err
	}
	dhcp, err := netlink.ParseAddr(dhcpAddress + "/32")
	if err != nil {
		return network, err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"take the address", func() error { return netlink.AddrDel(link, &netlink.Addr{IPNet: network.address}) }},
		{"pod's interface down", func() error { return netlink.LinkSetDown(link) }},
		{"another MAC", func() error { return netlink.LinkSetHardwareAddr(link, unused) }},
		{"bridge", func() error { return netlink.LinkAdd(bridge) }},
		{"tap", func() error { return netlink.LinkAdd(tap) }},
		{"interface on the bridge", func() error { return netlink.LinkSetMaster(link, bridge) }},
		// What the machine sends to itself through a Service comes back with its own MAC (kubevirt/kubevirt#1620).
		{"no learning from the interface", func() error { return netlink.LinkSetLearning(link, false) }},
		{"tap on the bridge", func() error { return netlink.LinkSetMaster(tap, bridge) }},
		{"DHCP's address", func() error { return netlink.AddrAdd(bridge, dhcp) }},
		{"interface up", func() error { return netlink.LinkSetUp(link) }},
		{"tap up", func() error { return netlink.LinkSetUp(tap) }},
		{"bridge up", func() error { return netlink.LinkSetUp(bridge) }},
	} {
		if err := step.do(); err != nil {
			return network, fmt.Errorf("bridge the pod's network: %s: %w", step.what, err)
		}
	}
	return network, nil
}

func readNetwork(link netlink.Link, wanted string) (podNetwork, error) {
	network := podNetwork{mac: link.Attrs().HardwareAddr, mtu: link.Attrs().MTU}
	addresses, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return network, err
	}
	if len(addresses) == 0 {
		return network, fmt.Errorf("%s has no IPv4 address", link.Attrs().Name)
	}
	network.address = addresses[0].IPNet
	routes, err := netlink.RouteList(link, netlink.FAMILY_V4)
	if err != nil {
		return network, err
	}
	for _, route := range routes {
		if route.Gw != nil && (route.Dst == nil || route.Dst.IP.IsUnspecified()) {
			network.gateway = route.Gw
		}
	}
	if wanted != "" {
		network.mac, err = net.ParseMAC(wanted)
	}
	return network, err
}

// serveDHCP gives the machine, and nobody else, what the pod had.
func (network podNetwork) serveDHCP(console *os.File) error {
	servers, search, err := readResolvConf("/etc/resolv.conf")
	if err != nil {
		return err
	}
	ip, mask := network.address.IP.String(), net.IP(network.address.Mask).String()
	arguments := []string{
		"--keep-in-foreground", "--no-hosts", "--no-resolv", "--port=0", "--interface=" + bridgeName, "--bind-interfaces",
		"--dhcp-range=" + ip + ",static," + mask + "," + leaseTime, "--dhcp-authoritative", "--dhcp-leasefile=/dev/null",
		"--dhcp-host=" + network.mac.String() + "," + ip + "," + leaseTime,
		"--dhcp-option=option:router," + network.gateway.String(),
		fmt.Sprintf("--dhcp-option=option:mtu,%d", network.mtu),
		"--dhcp-option=option:dns-server," + strings.Join(servers, ","),
		// The server is in no subnet of the machine's, and knows no way to it but to speak to all.
		"--shared-network=" + bridgeName + "," + ip, "--dhcp-broadcast",
		"--user=root", "--log-facility=-",
	}
	if len(search) > 0 {
		arguments = append(arguments, "--dhcp-option=option:domain-search,"+strings.Join(search, ","))
	}
	command := exec.Command("dnsmasq", arguments...)
	command.Stdout, command.Stderr = console, console
	return command.Start()
}

func readResolvConf(path string) (servers, search []string, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) > 1 && fields[0] == "nameserver":
			servers = append(servers, fields[1])
		case len(fields) > 1 && fields[0] == "search":
			search = fields[1:]
		}
	}
	return servers, search, nil
}

// randomMAC is for the pod's interface, which nobody is to speak to any more.
func randomMAC() (net.HardwareAddr, error) {
	address := make(net.HardwareAddr, 6)
	if _, err := rand.Read(address); err != nil {
		return nil, err
	}
	address[0] = address[0]&0xfe | 0x02
	return address, nil
}
