package main

import (
	"os"
	"strings"
)

const (
	kubeletConfig     = "/var/lib/kubelet/config.yaml"
	kubeletKubeconfig = "/etc/kubernetes/kubelet.conf"
	kubeletBootstrap  = "/etc/kubernetes/bootstrap-kubelet.conf"
	kubeletFlags      = "/var/lib/kubelet/kubeadm-flags.env"
)

// kubeletCommand is kubeadm's own way to run kubelet, with the node's address of today.
func (f facts) kubeletCommand() []string {
	argv := []string{
		"/usr/local/bin/kubelet",
		"--bootstrap-kubeconfig=" + kubeletBootstrap, "--kubeconfig=" + kubeletKubeconfig,
		"--config=" + kubeletConfig, "--config-dir=" + dropIns,
	}
	if content, err := os.ReadFile(kubeletFlags); err == nil {
		argv = append(argv, parseKubeletFlags(string(content))...)
	}
	if f.NodeIP != "" {
		argv = append(argv, "--node-ip="+f.NodeIP)
	}
	return append(argv, "--hostname-override="+f.NodeName)
}

// parseKubeletFlags reads KUBELET_KUBEADM_ARGS="--a=b --c=d".
func parseKubeletFlags(content string) []string {
	for line := range strings.Lines(content) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), "KUBELET_KUBEADM_ARGS="); found {
			return strings.Fields(strings.Trim(value, `"'`))
		}
	}
	return nil
}
