package cloudinit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const contract = `#cloud-config
hostname: demo-cp-0
manage_etc_hosts: false
disable_root: false
ssh_pwauth: false
ssh_deletekeys: true
ssh_keys: {ed25519_private: "PRIVATE", ed25519_public: "PUBLIC"}
ssh_authorized_keys: [ssh-ed25519 AAAA]
write_files:
- {path: /etc/knest/node.env, permissions: "0600", content: "KNEST_NODE_NAME=demo-cp-0\n"}
- {path: /etc/knest/hosts, encoding: b64, content: MTAuMC4wLjEgYQo=}
`

func TestAppliesWhatTheContractAsksFor(t *testing.T) {
	root := t.TempDir()
	config, err := Parse([]byte(contract))
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(root, "etc/ssh/ssh_host_rsa_key")
	if err := os.MkdirAll(filepath.Dir(old), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := config.Apply(root); err != nil {
		t.Fatal(err)
	}
	for path, wanted := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"etc/knest/node.env":               {"KNEST_NODE_NAME=demo-cp-0\n", 0o600},
		"etc/knest/hosts":                  {"10.0.0.1 a\n", 0o644},
		"etc/ssh/ssh_host_ed25519_key":     {"PRIVATE\n", 0o600},
		"etc/ssh/ssh_host_ed25519_key.pub": {"PUBLIC\n", 0o644},
		"root/.ssh/authorized_keys":        {"ssh-ed25519 AAAA\n", 0o600},
	} {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || string(content) != wanted.content {
			t.Errorf("%s: %q, %v", path, content, err)
		}
		if info, err := os.Stat(filepath.Join(root, path)); err == nil && info.Mode().Perm() != wanted.mode {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("the image's own host key is still there")
	}
}

func TestRefusesWhatItDoesNotDo(t *testing.T) {
	for text, word := range map[string]string{
		"disable_root: false\n":                                    "#cloud-config",
		"#cloud-config\ndisable_root: false\npackages: [curl]\n":   "packages",
		"#cloud-config\n":                                          "disable_root",
		"#cloud-config\ndisable_root: false\nssh_pwauth: true\n":   "ssh_pwauth",
		"#cloud-config\ndisable_root: false\nruncmd: [[reboot]]\n": "runcmd",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
