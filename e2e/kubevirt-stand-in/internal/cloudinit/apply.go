package cloudinit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Apply does what the user data says in the file system under root ("/" but in tests). Commands and the
// host name are for Start: they are not of the file system.
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
	keys := append([]string{}, config.SSHAuthorizedKeys...)
	for _, user := range config.Users {
		keys = append(keys, user.SSHAuthorizedKeys...)
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "authorized_keys"), []byte(strings.Join(keys, "\n")+"\n"), 0o600)
}

// Start does what is done anew at the first boot of a machine: the host name, then the commands.
func (config Config) Start(console *os.File) error {
	if config.Hostname != "" && !config.PreserveHostname {
		if err := syscall.Sethostname([]byte(config.Hostname)); err != nil {
			return err
		}
	}
	for _, entry := range config.RunCommands {
		command, err := runnable(entry)
		if err != nil {
			return err
		}
		command.Stdout, command.Stderr = console, console
		if err := command.Run(); err != nil {
			return fmt.Errorf("runcmd: %s: %w", command.Path, err)
		}
	}
	return nil
}

func runnable(entry any) (*exec.Cmd, error) {
	switch value := entry.(type) {
	case string:
		return exec.Command("sh", "-c", value), nil
	case []any:
		words := []string{}
		for _, word := range value {
			words = append(words, fmt.Sprint(word))
		}
		if len(words) > 0 {
			return exec.Command(words[0], words[1:]...), nil
		}
	}
	return nil, fmt.Errorf("runcmd: not a command: %v", entry)
}
