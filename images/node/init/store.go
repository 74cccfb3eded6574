package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The store is containerd's image store as the build left it: metadata with all images in it, and one
// directory (layer) that all of them share as their only layer. The node copies the metadata, some
// hundred KiB, and mounts the layer where containerd expects the unpacked snapshot: no import, no
// unpack, one copy on disk and in the page cache for every node of the machine.
const (
	nodeImage      = "/knest/node-image"
	containerdRoot = "/var/lib/containerd"
	snapshotsRoot  = containerdRoot + "/io.containerd.snapshotter.v1.overlayfs/snapshots"
	storeRecord    = containerdRoot + "/knest-store.json"
	// containerdState is made by containerd at its first start.
	containerdState = containerdRoot + "/io.containerd.runtime.v2.task"

	layerMarker     = ".knest-layer"
	nodeImageMarker = ".knest-node-image"
)

// inStore is a path in the store, among the image's own files.
func inStore(path ...string) string {
	return filepath.Join(append([]string{imageRoot, "usr/share/knest/store"}, path...)...)
}

// storeState says which snapshots of a node's containerd stand for directories of its image.
type storeState struct {
	ID     string   `json:"id"`
	Layers []string `json:"layers"`
	Nodes  []string `json:"nodes,omitempty"`
}

// readStoreState takes a record that is damaged for none.
func readStoreState(path string) storeState {
	var state storeState
	content, err := os.ReadFile(path)
	if err != nil {
		return storeState{}
	}
	if err := json.Unmarshal(content, &state); err != nil {
		logf("warning: %s is damaged, the images are imported again: %v", path, err)
		return storeState{}
	}
	return state
}

// isStandIn says that a snapshot holds its marker and nothing else.
func isStandIn(directory, marker string) bool {
	files, err := os.ReadDir(directory)
	return err == nil && len(files) == 1 && files[0].Name() == marker
}

// shows says that two paths are one folder, as after a bind mount.
func shows(directory, source string) bool {
	a, errA := os.Stat(directory)
	b, errB := os.Stat(source)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// withStandIns adds the stand-ins that no record knows, as an import that was interrupted leaves them, mounted over or
// not, and drops what is gone.
func (s storeState) withStandIns(snapshots string) (storeState, error) {
	entries, err := os.ReadDir(snapshots)
	if err != nil {
		return s, err
	}
	found := storeState{ID: s.ID}
	for _, entry := range entries {
		name := entry.Name()
		directory := filepath.Join(snapshots, name, "fs")
		is := func(recorded []string, marker, source string) bool {
			return slices.Contains(recorded, name) || isStandIn(directory, marker) || shows(directory, source)
		}
		if is(s.Layers, layerMarker, inStore("layer")) {
			found.Layers = append(found.Layers, name)
		}
		if is(s.Nodes, nodeImageMarker, nodeImage) {
			found.Nodes = append(found.Nodes, name)
		}
	}
	slices.SortFunc(found.Layers, byLength)
	slices.SortFunc(found.Nodes, byLength)
	return found, nil
}

// byLength sorts numbers of snapshots.
func byLength(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
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
	if err := over(s.Layers, inStore("layer")); err != nil {
		return err
	}
	if storeVariant() == "host" {
		return over(s.Nodes, nodeImage)
	}
	for _, name := range s.Nodes {
		if err := copyNodeImage(imageRoot, filepath.Join(snapshotsRoot, name)); err != nil {
			return fmt.Errorf("copy the node image: %w", err)
		}
	}
	return nil
}

// copyNodeImage is for a host whose container was made again by an engine that shows no layer of its image: it has
// the image all the same, as its own root. Repeatable.
func copyNodeImage(root, snapshot string) error {
	target, part := filepath.Join(snapshot, "fs"), filepath.Join(snapshot, "copy")
	if !isStandIn(target, nodeImageMarker) {
		return nil
	}
	logf("%s is not there: copying the node image, once", nodeImage)
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if output, err := exec.Command("cp", "--archive", "--one-file-system", root, part).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, lastLine(string(output)))
	}
	if err := syncTree(part); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.Rename(part, target); err != nil {
		return err
	}
	return syncPath(snapshot)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// storeVariant is "host" in the embedded host, whose pods run the node image itself.
func storeVariant() string {
	if entries, err := os.ReadDir(nodeImage); err == nil && len(entries) > 0 {
		return "host"
	}
	return "plain"
}

func storeID(variant string) (string, error) {
	content, err := os.ReadFile(inStore("id"))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(content)) + "-" + variant, nil
}

type storeAction int

const (
	keepStore storeAction = iota
	fillStore
	importStore
)

// chooseStoreAction tells what the store of a disk needs. recorded is "" without a record that can be read; ran says
// that containerd has been at work on the disk, so that what is there is not ours to overwrite.
func chooseStoreAction(recorded, id string, ran bool) storeAction {
	switch {
	case recorded == id:
		return keepStore
	case recorded == "" && !ran:
		return fillStore
	default:
		return importStore
	}
}

// prepareStore runs before containerd. It returns the archive that containerd must still import:
// none on a new disk and on a restart, the new image's on a disk that another image filled.
func prepareStore() (archive string, id string, err error) {
	variant := storeVariant()
	if id, err = storeID(variant); err != nil {
		return "", "", err
	}
	_, err = os.Stat(containerdState)
	ran := !errors.Is(err, os.ErrNotExist)
	state := readStoreState(storeRecord)
	switch chooseStoreAction(state.ID, id, ran) {
	case importStore:
		archive = inStore("images-" + variant + ".tar")
	case fillStore:
		if err := copyTree(inStore("meta", variant), containerdRoot); err != nil {
			return "", "", err
		}
		if err := syncTree(containerdRoot); err != nil {
			return "", "", err
		}
		return "", id, adopt(storeState{ID: id})
	}
	if state, err = state.withStandIns(snapshotsRoot); err != nil {
		return "", "", err
	}
	return archive, id, state.mount()
}

// importImages lets the running containerd import the archive of another image than filled the disk.
func importImages(archive, id string, run func(argv []string) error) error {
	if err := run([]string{"/usr/bin/ctr", "-n", "k8s.io", "images", "import", archive}); err != nil {
		return err
	}
	return adopt(storeState{ID: id})
}

// adopt mounts the image's directories over all stand-ins there are, and records that the store is whole.
func adopt(state storeState) error {
	state, err := state.withStandIns(snapshotsRoot)
	if err != nil {
		return err
	}
	if err := state.syncStandIns(); err != nil {
		return err
	}
	if err := state.mount(); err != nil {
		return err
	}
	content, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return writeDurably(storeRecord, string(content)+"\n", 0o644)
}

// syncStandIns puts on the disk what containerd has unpacked without doing so. Over older ones the image is mounted.
func (s storeState) syncStandIns() error {
	mounted := mountPoints()
	for _, name := range slices.Concat(s.Layers, s.Nodes) {
		snapshot := filepath.Join(snapshotsRoot, name)
		if slices.Contains(mounted, filepath.Join(snapshot, "fs")) {
			continue
		}
		if err := syncTree(snapshot); err != nil {
			return err
		}
	}
	return syncPath(snapshotsRoot)
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
