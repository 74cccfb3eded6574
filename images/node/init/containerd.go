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

// containerdSettings is containerd 1.7's configuration. The plugins left out cannot work here and cost
// start-up time. CNI's binaries and configuration are where everyone looks for them.
func containerdSettings(pause string, restrictOOM, systemdCgroup bool) string {
	return fmt.Sprintf(`version = 2
disabled_plugins = [
  "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.nri.v1.nri",
]

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = %t
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    discard_unpacked_layers = true
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
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
