package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

const (
	containerdConfig = "/etc/containerd/config.toml"
	notifySocket     = "/run/knest/notify.sock"
)

// containerdSettings is containerd 2's configuration. The plugins left out cannot work here and cost
// start-up time. Only a local pull discards what it has unpacked. Samples of CPU usage, one a second of each container by
// default, are 7 % of a core on an idle control plane; kubelet takes its own from cAdvisor. CNI's binaries and
// configuration are where everyone looks for them.
func containerdSettings(pause string, restrictOOM, systemdCgroup bool) string {
	return fmt.Sprintf(`version = 4
disabled_plugins = [
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs",
  "io.containerd.nri.v1.nri",
]

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  discard_unpacked_layers = true
  use_local_image_pull = true
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = %q
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = %t
  stats_collect_period = "1m"
  stats_retention_period = "3m"
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/opt/cni/bin"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        SystemdCgroup = %t
`, pause, restrictOOM, systemdCgroup)
}

// waitForContainerd waits for the message containerd sends to its service manager when all its
// plugins, CRI included, answer (the protocol of sd_notify).
func waitForContainerd(socket *net.UnixConn, timeout time.Duration) error {
	if err := socket.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	buffer := make([]byte, 4096)
	for {
		length, err := socket.Read(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("containerd does not answer after %s; see /var/log/knest/containerd.log", timeout)
		}
		if err != nil {
			return err
		}
		if strings.Contains(string(buffer[:length]), "READY=1") {
			return nil
		}
	}
}
