package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestChooseStoreAction(t *testing.T) {
	cases := map[string]struct {
		recorded string
		ran      bool
		want     storeAction
	}{
		"a new disk":                             {"", false, fillStore},
		"a first start that was cut off":         {"", false, fillStore},
		"a record that was lost or is damaged":   {"", true, importStore},
		"a restart":                              {"today", true, keepStore},
		"stopped before containerd ever started": {"today", false, keepStore},
		"another image":                          {"before", true, importStore},
		"another image, containerd never ran":    {"before", false, importStore},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := chooseStoreAction(test.recorded, "today", test.ran); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// The snapshots of a node that was killed between the import of a new image's archive and its record.
func TestStandInsAreFoundByTheirMarkers(t *testing.T) {
	snapshots := t.TempDir()
	for _, path := range []string{
		"1/fs/.knest-layer",                   // of the image that filled the disk, recorded
		"2/fs/.knest-node-image",              // recorded
		"7/fs/.knest-layer",                   // of the interrupted import
		"8/fs/.knest-node-image",              // of the interrupted import
		"9/fs/etc/passwd",                     // a pulled image's
		"10/fs/.knest-layer", "10/fs/usr/bin", // a container's own file of that name
	} {
		must(t, writeFile(filepath.Join(snapshots, path), "id\n", 0o644))
	}
	must(t, os.MkdirAll(filepath.Join(snapshots, "11/fs"), 0o755))
	must(t, os.MkdirAll(filepath.Join(snapshots, "new-12"), 0o755))

	// The fourth was removed with its image: nothing is made for it.
	state := storeState{ID: "before", Layers: []string{"1", "4"}, Nodes: []string{"2"}}
	found, err := state.withStandIns(snapshots)
	must(t, err)
	want := storeState{ID: "before", Layers: []string{"1", "7"}, Nodes: []string{"2", "8"}}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
}

func TestShowsTellsABoundFolder(t *testing.T) {
	folder, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(folder, link))
	for name, got := range map[string]bool{
		"itself by another path": shows(link, folder), "another folder": !shows(t.TempDir(), folder),
		"nothing": !shows(filepath.Join(folder, "a"), filepath.Join(folder, "a")),
	} {
		if !got {
			t.Errorf("%s is told wrongly", name)
		}
	}
}

func TestCopiesTheNodeImageOnce(t *testing.T) {
	root, snapshot := t.TempDir(), t.TempDir()
	must(t, writeFile(filepath.Join(root, "usr/bin/program"), "program", 0o755))
	must(t, os.Link(filepath.Join(root, "usr/bin/program"), filepath.Join(root, "usr/bin/same")))
	must(t, writeFile(filepath.Join(snapshot, "fs", nodeImageMarker), "id\n", 0o644))
	must(t, writeFile(filepath.Join(snapshot, "copy/half"), "of a copy that was cut off", 0o644))

	must(t, copyNodeImage(root, snapshot))
	program, err := os.Stat(filepath.Join(snapshot, "fs/usr/bin/program"))
	must(t, err)
	same, err := os.Stat(filepath.Join(snapshot, "fs/usr/bin/same"))
	must(t, err)
	if !os.SameFile(program, same) || program.Mode().Perm() != 0o755 {
		t.Error("hard links or modes are lost")
	}
	for _, path := range []string{"copy", "fs/half", "fs/" + nodeImageMarker} {
		if _, err := os.Lstat(filepath.Join(snapshot, path)); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	must(t, copyNodeImage("/nonexistent", snapshot))
}

func TestCopyTreeGoesOnWhereItWasCutOff(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	must(t, writeFile(filepath.Join(from, "meta/db"), "whole", 0o600))
	must(t, writeFile(filepath.Join(to, "meta/db"), "wh", 0o600))
	must(t, copyTree(from, to))
	if content, _ := os.ReadFile(filepath.Join(to, "meta/db")); string(content) != "whole" {
		t.Errorf("got %q", content)
	}
}
