// Package cloudinit does with a machine's user data what cloud-init would, as far as a node of knest's asks
// for it. A key it does not know is an error: a test must not pass because something was left out.
package cloudinit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// Config is a #cloud-config of the keys that are understood.
type Config struct {
	Hostname          string            `json:"hostname,omitempty"`
	ManageEtcHosts    bool              `json:"manage_etc_hosts,omitempty"`
	DisableRoot       *bool             `json:"disable_root,omitempty"`
	SSHPasswordAuth   bool              `json:"ssh_pwauth,omitempty"`
	SSHDeleteKeys     *bool             `json:"ssh_deletekeys,omitempty"`
	SSHKeys           map[string]string `json:"ssh_keys,omitempty"`
	SSHAuthorizedKeys []string          `json:"ssh_authorized_keys,omitempty"`
	WriteFiles        []File            `json:"write_files,omitempty"`
}

type File struct {
	Path        string `json:"path"`
	Content     string `json:"content,omitempty"`
	Encoding    string `json:"encoding,omitempty"`
	Permissions string `json:"permissions,omitempty"`
	Owner       string `json:"owner,omitempty"`
	Append      bool   `json:"append,omitempty"`
}

// Parse reads user data. It says what of it cannot be done here.
func Parse(text []byte) (Config, error) {
	var config Config
	if !bytes.HasPrefix(text, []byte("#cloud-config\n")) {
		return config, errors.New("user data must begin with the line #cloud-config")
	}
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		return config, fmt.Errorf("user data: %w", err)
	}
	if config.ManageEtcHosts {
		return config, errors.New("user data: manage_etc_hosts: true is not done here")
	}
	if config.SSHPasswordAuth {
		return config, errors.New("user data: ssh_pwauth: true is not done here")
	}
	if config.DisableRoot == nil || *config.DisableRoot {
		return config, errors.New("user data: disable_root must be false: cloud-init would keep root from logging in, and there is no other user here")
	}
	for _, file := range config.WriteFiles {
		if _, err := file.bytes(); err != nil {
			return config, err
		}
	}
	return config, nil
}

func (file File) bytes() ([]byte, error) {
	switch strings.ToLower(file.Encoding) {
	case "", "text/plain":
		return []byte(file.Content), nil
	case "b64", "base64":
		return base64.StdEncoding.DecodeString(file.Content)
	}
	return nil, fmt.Errorf("write_files: encoding %q of %s is not understood", file.Encoding, file.Path)
}
