package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The store is containerd's image store as the build left it: metadata with all images in it, and one
// directory (layer) that all of them share as their only layer. The node copies the metadata, some
// hundred KiB, and mounts the layer where containerd expects the unpacked snapshot: no import, no
// unpack, one copy on disk and in the page cache for every node of the machine.
const (
	storeRoot      = "/usr/share/knest/store"
	nodeImage      = "/knest/node-image"
	containerdRoot = "/var/lib/containerd"
	snapshotsRoot  = containerdRoot + "/io.containerd.snapshotter.v1.overlayfs/snapshots"
	storeRecord    = containerdRoot + "/knest-store.json"

	layerMarker     = ".knest-layer"
	nodeImageMarker = ".knest-node-image"
)

// storeState says which snapshots of a node's containerd stand for directories of its image.
type storeState struct {
	ID     string   `json:"id"`
	Layers []string `json:"layers"`
	Nodes  []string `json:"nodes,omitempty"`
}

func (s *storeState) add(snapshots string, names []string) {
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(snapshots, name, "fs", layerMarker)); err == nil {
			s.Layers = append(s.Layers, name)
		}
		if _, err := os.Lstat(filepath.Join(snapshots, name, "fs", nodeImageMarker)); err == nil {
			s.Nodes = append(s.Nodes, name)
		}
	}
}

// mount puts the image's directories over their stand-ins. A stand-in of an older image gets today's
// layer as well: what it holds goes by the same names. Repeatable.
func (s storeState) mount() error {
	mounted := mountPoints()
	over := func(names []string, source string) error {
		for _, name := range names {
			target := filepath.Join(snapshotsRoot, name, "fs")
			if slices.Contains(mounted, target) {
				continue
			}
			if err := bindReadOnly(source, target); err != nil {
				return err
			}
		}
		return nil
	}
	if err := over(s.Layers, filepath.Join(storeRoot, "layer")); err != nil {
		return err
	}
	return over(s.Nodes, nodeImage)
}

// storeVariant is "host" in the embedded host, whose pods run the node image itself.
func storeVariant() string {
	if entries, err := os.ReadDir(nodeImage); err == nil && len(entries) > 0 {
		return "host"
	}
	return "plain"
}

func storeID(variant string) (string, error) {
	content, err := os.ReadFile(filepath.Join(storeRoot, "id"))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(content)) + "-" + variant, nil
}

// prepareStore runs before containerd. It returns the archive that containerd must still import:
// none on a new disk and on a restart, the new image's on a disk that another image filled.
func prepareStore() (archive string, id string, err error) {
	variant := storeVariant()
	if id, err = storeID(variant); err != nil {
		return "", "", err
	}
	var state storeState
	if content, err := os.ReadFile(storeRecord); err == nil {
		if err := json.Unmarshal(content, &state); err != nil {
			return "", "", fmt.Errorf("%s: %w", storeRecord, err)
		}
	}
	switch {
	case state.ID == id:
		return "", id, state.mount()
	case state.ID != "":
		return filepath.Join(storeRoot, "images-"+variant+".tar"), id, state.mount()
	}
	if err := copyTree(filepath.Join(storeRoot, "meta", variant), containerdRoot); err != nil {
		return "", "", err
	}
	names, err := snapshotNames()
	if err != nil {
		return "", "", err
	}
	state.ID = id
	state.add(snapshotsRoot, names)
	if err := state.save(); err != nil {
		return "", "", err
	}
	return "", id, state.mount()
}

// importImages lets the running containerd import the archive of another image than filled the disk.
func importImages(archive, id string, run func(argv []string) error) error {
	before, err := snapshotNames()
	if err != nil {
		return err
	}
	if err := run([]string{"/usr/bin/ctr", "-n", "k8s.io", "images", "import", archive}); err != nil {
		return err
	}
	return adoptImported(id, before)
}

// adoptImported mounts the layer over the snapshots that an import has just made.
func adoptImported(id string, before []string) error {
	var state storeState
	content, err := os.ReadFile(storeRecord)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, &state); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, name := range before {
		known[name] = true
	}
	after, err := snapshotNames()
	if err != nil {
		return err
	}
	imported := storeState{}
	var fresh []string
	for _, name := range after {
		if !known[name] {
			fresh = append(fresh, name)
		}
	}
	imported.add(snapshotsRoot, fresh)
	if err := imported.mount(); err != nil {
		return err
	}
	state.ID = id
	state.Layers = append(state.Layers, imported.Layers...)
	state.Nodes = append(state.Nodes, imported.Nodes...)
	return state.save()
}

func (s storeState) save() error {
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeFile(storeRecord, string(content)+"\n", 0o644)
}

func snapshotNames() ([]string, error) {
	entries, err := os.ReadDir(snapshotsRoot)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(target, info.Mode().Perm())
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, info.Mode().Perm())
	})
}
