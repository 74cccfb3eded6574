package cloudinit

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Apply does what the user data says in the file system under root, which is "/" but in tests. The host name
// is the node's own business: knest-init sets it.
func (config Config) Apply(root string) error {
	for _, file := range config.WriteFiles {
		if err := file.write(root); err != nil {
			return fmt.Errorf("write_files: %s: %w", file.Path, err)
		}
	}
	if err := config.writeHostKeys(filepath.Join(root, "etc/ssh")); err != nil {
		return fmt.Errorf("ssh_keys: %w", err)
	}
	return config.writeAuthorizedKeys(filepath.Join(root, "root/.ssh"))
}

func (file File) write(root string) error {
	content, err := file.bytes()
	if err != nil {
		return err
	}
	mode := uint64(0o644)
	if file.Permissions != "" {
		if mode, err = strconv.ParseUint(file.Permissions, 8, 12); err != nil {
			return err
		}
	}
	if file.Owner != "" && file.Owner != "root" && file.Owner != "root:root" {
		return fmt.Errorf("owner %q is not root", file.Owner)
	}
	path := filepath.Join(root, file.Path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if file.Append {
		flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	target, err := os.OpenFile(path, flags, os.FileMode(mode))
	if err != nil {
		return err
	}
	defer target.Close()
	if err := target.Chmod(os.FileMode(mode)); err != nil {
		return err
	}
	_, err = target.Write(content)
	return err
}

// writeHostKeys: as with cloud-init, keys of the image go first unless they are to stay.
func (config Config) writeHostKeys(directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	if config.SSHDeleteKeys == nil || *config.SSHDeleteKeys {
		old, _ := filepath.Glob(filepath.Join(directory, "ssh_host_*key*"))
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, key := range config.SSHKeys {
		kind, part, found := strings.Cut(name, "_")
		path, mode := filepath.Join(directory, "ssh_host_"+kind+"_key"), os.FileMode(0o600)
		switch {
		case found && part == "private":
		case found && part == "public":
			path, mode = path+".pub", 0o644
		default:
			return fmt.Errorf("%q is neither a private nor a public key", name)
		}
		if err := os.WriteFile(path, []byte(strings.TrimRight(key, "\n")+"\n"), mode); err != nil {
			return err
		}
	}
	return nil
}

func (config Config) writeAuthorizedKeys(directory string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "authorized_keys"), []byte(strings.Join(config.SSHAuthorizedKeys, "\n")+"\n"), 0o600)
}
