package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

// store is the folder of one cluster on one machine:
//
//	lock               held (flock) while anything below is published or deleted; by it a store is known
//	images/HEX         what is known of an image; HEX is the SHA-256 of its name
//	blobs/sha256/HEX   manifests and configurations, and layers that came compressed
//	layers/DIR/fs      a layer, unpacked as overlay file systems want it
//	layers/DIR/tar.gz  what else its archive was made of, by tar-split
//	users/NODE/alive   held (flock) by the node's init
//	users/NODE/layers  names of the layers that snapshots of its containerd lead to
//	incoming/ID        what is being imported; ID/alive is held (flock) meanwhile
type store struct {
	root string
	// node is the name of this node.
	node string
	// snapshots is the folder of containerd's snapshots on this node.
	snapshots string
}

// image is what the store knows of an image.
type image struct {
	// Name is as containerd has it.
	Name string `json:"name"`
	// Loaded is the engine's id of it, or "archive".
	Loaded string             `json:"loaded"`
	Target ocispec.Descriptor `json:"target"`
	// Blobs are the index, manifests and configuration: what containerd needs beside the layers.
	Blobs []ocispec.Descriptor `json:"blobs"`
	// Config is one of them.
	Config digest.Digest `json:"config"`
	// Layers are from the lowest on.
	Layers []layerOfImage `json:"layers"`
}

type layerOfImage struct {
	Descriptor ocispec.Descriptor `json:"descriptor"`
	Chain      digest.Digest      `json:"chain"`
	// Directory is its folder's name below "layers".
	Directory string `json:"directory"`
}

// directories are the names of the folders that its layers are in.
func (one image) directories() []string {
	var names []string
	for _, layer := range one.Layers {
		names = append(names, layer.Directory)
	}
	return names
}

// forgottenAfter is how long a node may be away, as while its container or the machine is started again, until what it
// used counts for nothing.
const forgottenAfter = time.Hour

func (s *store) path(parts ...string) string {
	return filepath.Join(append([]string{s.root}, parts...)...)
}

func (s *store) blob(of digest.Digest) string {
	return s.path("blobs", of.Algorithm().String(), of.Encoded())
}

func (s *store) meta(name string) string {
	return s.path("images", digest.FromString(name).Encoded())
}

// id is the same on all nodes that have this folder, and on no other machine. It makes nothing.
func (s *store) id() (string, error) {
	var folder unix.Stat_t
	if err := unix.Stat(filepath.Dir(s.root), &folder); err != nil {
		return "", err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	return digest.FromString(fmt.Sprintf("%s %d %d", boot, folder.Dev, folder.Ino)).Encoded(), nil
}

// locked holds the lock of the store meanwhile.
func (s *store) locked(do func() error) error {
	if err := os.MkdirAll(s.root, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	return do()
}

func (s *store) images() ([]image, error) {
	entries, err := entriesOf(s.path("images"))
	if err != nil {
		return nil, err
	}
	var images []image
	for _, entry := range entries {
		content, err := os.ReadFile(s.path("images", entry.Name()))
		if errors.Is(err, fs.ErrNotExist) || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err != nil {
			return nil, err
		}
		var one image
		if err := json.Unmarshal(content, &one); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", entry.Name(), err)
		}
		images = append(images, one)
	}
	return images, nil
}

// named gives images by their names; one that is not there is an error.
func (s *store) named(names []string) ([]image, error) {
	all, err := s.images()
	if err != nil {
		return nil, err
	}
	var found []image
	for _, name := range names {
		at := slices.IndexFunc(all, func(one image) bool { return one.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("image %q: not found", name)
		}
		found = append(found, all[at])
	}
	if len(found) == 0 {
		return nil, errors.New("an image's name is missing")
	}
	return found, nil
}

// put writes what is known of an image, all of it or nothing.
func (s *store) put(one image) error {
	content, err := json.Marshal(one)
	if err != nil {
		return err
	}
	return writeWhole(s.meta(one.Name), content)
}

// entriesOf gives what is in a folder; nothing is in one that is not there.
func entriesOf(folder string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

func writeWhole(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// remove forgets images; those that it does not have are gone already.
func (s *store) remove(names []string) error {
	if _, err := os.Stat(s.root); err != nil {
		return nil
	}
	err := s.locked(func() error {
		for _, name := range names {
			if err := os.Remove(s.meta(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.tidy()
}

func (s *store) clear() error {
	return os.RemoveAll(s.root)
}
