package machine

import (
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
)

// announceAddresses makes the kernel tell the network when an address moves to another MAC: the host's
// bridge has seen the pod's own already.
func announceAddresses(link netlink.Link) error {
	return os.WriteFile("/proc/sys/net/ipv4/conf/"+link.Attrs().Name+"/arp_notify", []byte("1"), 0)
}

func setMAC(link netlink.Link, text string) error {
	address, err := net.ParseMAC(text)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetHardwareAddr(link, address); err != nil {
		return fmt.Errorf("set MAC %s on %s: %w", text, link.Attrs().Name, err)
	}
	return nil
}
