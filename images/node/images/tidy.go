package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tidy deletes layers and blobs that no image of the store needs and no node runs, and imports that were cut off.
// A store that is not there has nothing to be tidied.
func (s *store) tidy() error {
	if _, err := os.Stat(s.root); err != nil {
		return nil
	}
	return s.locked(func() error {
		if err := s.noteUse(); err != nil {
			return err
		}
		images, err := s.images()
		if err != nil {
			return err
		}
		blobs, layers := map[string]bool{}, map[string]bool{}
		for _, one := range images {
			for _, blob := range one.Blobs {
				blobs[blob.Digest.Encoded()] = true
			}
			for _, layer := range one.Layers {
				blobs[layer.Descriptor.Digest.Encoded()] = true
				layers[layer.Directory] = true
			}
		}
		if err := s.addUsed(layers); err != nil {
			return err
		}
		return errors.Join(
			removeBut(s.path("blobs", "sha256"), func(name string) bool { return blobs[name] }),
			removeBut(s.path("layers"), func(name string) bool { return layers[name] }),
			removeBut(s.path("incoming"), func(name string) bool { return isHeld(s.path("incoming", name, "alive")) }),
		)
	})
}

// noteUse writes down which layers snapshots of this node lead to.
func (s *store) noteUse(more ...string) error {
	used, err := s.linked()
	if err != nil {
		return err
	}
	return writeWhole(s.path("users", s.node, "layers"), []byte(strings.Join(append(used, more...), "\n")))
}

// linked gives the names of the layers that snapshots of this node lead to.
func (s *store) linked() ([]string, error) {
	entries, err := entriesOf(s.snapshots)
	if err != nil {
		return nil, err
	}
	var used []string
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(s.snapshots, entry.Name(), "fs"))
		if err == nil && strings.HasPrefix(target, s.path("layers")+"/") {
			used = append(used, filepath.Base(filepath.Dir(target)))
		}
	}
	return used, nil
}

// addUsed adds what nodes use, and forgets those that are gone.
func (s *store) addUsed(layers map[string]bool) error {
	users, err := os.ReadDir(s.path("users"))
	if err != nil {
		return err
	}
	for _, user := range users {
		folder := s.path("users", user.Name())
		if user.Name() != s.node && !isInUse(folder) {
			if err := os.RemoveAll(folder); err != nil {
				return err
			}
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, "layers"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for name := range strings.FieldsSeq(string(content)) {
			layers[name] = true
		}
	}
	return nil
}

// isInUse says that a node runs, or was there a short while ago; after a start of the machine nobody has been away.
func isInUse(user string) bool {
	if isHeld(filepath.Join(user, "alive")) {
		return true
	}
	info, err := os.Stat(user)
	if err != nil {
		return false
	}
	var system unix.Sysinfo_t
	if err := unix.Sysinfo(&system); err != nil {
		return true
	}
	return time.Since(info.ModTime()) < forgottenAfter || time.Duration(system.Uptime)*time.Second < forgottenAfter
}

// isHeld says that a program holds the file.
func isHeld(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// tidyOthers deletes the folders of clusters that have no node left on this machine, and had no time to say so.
func tidyOthers(root, own string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	var failures []error
	for _, entry := range entries {
		folder := filepath.Join(root, entry.Name())
		if entry.Name() == own || !entry.IsDir() || !isStore(folder) {
			continue
		}
		users, err := entriesOf(filepath.Join(folder, "users"))
		if err != nil {
			failures = append(failures, err)
			continue
		}
		inUse := isInUse(folder)
		for _, user := range users {
			inUse = inUse || isInUse(filepath.Join(folder, "users", user.Name()))
		}
		if !inUse {
			failures = append(failures, os.RemoveAll(folder))
		}
	}
	return errors.Join(failures...)
}

// isStore says that a folder is one that this program has made.
func isStore(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "lock"))
	return err == nil
}

func removeBut(folder string, keep func(name string) bool) error {
	entries, err := entriesOf(folder)
	if err != nil {
		return err
	}
	var failures []error
	for _, entry := range entries {
		if !keep(entry.Name()) {
			failures = append(failures, os.RemoveAll(filepath.Join(folder, entry.Name())))
		}
	}
	return errors.Join(failures...)
}
