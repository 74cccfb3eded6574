package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// watchSyncs tells what was synced, in this order, and whether a file had its name by then.
func watchSyncs(t *testing.T, path string) *[]string {
	t.Helper()
	var seen []string
	syncFile = func(file *os.File) error {
		_, err := os.Stat(path)
		named := ""
		if err == nil {
			named = " with its name"
		}
		seen = append(seen, strings.TrimPrefix(file.Name(), filepath.Dir(path))+named)
		return nil
	}
	t.Cleanup(func() { syncFile = (*os.File).Sync })
	return &seen
}

func TestWritesDurably(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept", "file")
	seen := watchSyncs(t, path)
	must(t, writeDurably(path, "content\n", 0o600))
	if want := []string{"/file.new", " with its name"}; !reflect.DeepEqual(*seen, want) {
		t.Errorf("synced %q; want the file before it has its name, then its folder: %q", *seen, want)
	}
	content, err := os.ReadFile(path)
	info, _ := os.Stat(path)
	if err != nil || string(content) != "content\n" || info.Mode().Perm() != 0o600 {
		t.Errorf("got %q with mode %v, %v", content, info.Mode(), err)
	}
}

func TestReplacesWhatAnInterruptedWriteLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path+".new", []byte("half of something longer"), 0o644))
	must(t, os.WriteFile(path, []byte("old"), 0o644))
	must(t, writeDurably(path, "new", 0o644))
	if content, _ := os.ReadFile(path); string(content) != "new" {
		t.Errorf("got %q", content)
	}
	if _, err := os.Stat(path + ".new"); err == nil {
		t.Error("the part is still there")
	}
}

func TestSyncTreeTakesFilesAndFolders(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a", "b/c", "b/d/e"} {
		must(t, writeFile(filepath.Join(root, path), path, 0o644))
	}
	must(t, os.Symlink("nowhere", filepath.Join(root, "link")))
	names := make(chan string, 20)
	syncFile = func(file *os.File) error { names <- file.Name(); return nil }
	t.Cleanup(func() { syncFile = (*os.File).Sync })
	must(t, syncTree(root))
	close(names)
	var got []string
	for name := range names {
		got = append(got, strings.TrimPrefix(name, root))
	}
	slices.Sort(got)
	if want := []string{"", "/a", "/b", "/b/c", "/b/d", "/b/d/e"}; !reflect.DeepEqual(got, want) {
		t.Errorf("synced %q, want %q", got, want)
	}
}

// What a power cut can leave of a small file.
var damaged = map[string]string{
	"empty":     "",
	"newline":   "\n",
	"truncated": "0123456789",
	"zeroes":    strings.Repeat("\x00", 33),
	"garbage":   "\xff\xfe{\"id\":",
}

func TestADamagedIncarnationIsAbsent(t *testing.T) {
	for name, content := range damaged {
		t.Run(name, func(t *testing.T) {
			disk := t.TempDir()
			must(t, os.WriteFile(filepath.Join(disk, "incarnation"), []byte(content), 0o644))
			id, fresh, err := incarnation(disk)
			if err != nil || !fresh || !isIncarnation(id) {
				t.Errorf("got %q, new %v, %v; want a new name", id, fresh, err)
			}
			if again, fresh, err := incarnation(disk); err != nil || fresh || again != id {
				t.Errorf("the next start found %q, new %v, %v; want %q", again, fresh, err, id)
			}
		})
	}
}

func TestProductUUIDTakesAnyName(t *testing.T) {
	cases := map[string]string{
		"0123456789abcdef0123456789abcdef": "01234567-89ab-cdef-0123-456789abcdef\n",
	}
	for _, content := range damaged {
		cases[content] = ""
	}
	for id, want := range cases {
		if got := productUUID(id); got != want {
			t.Errorf("of %q: got %q, want %q", id, got, want)
		}
	}
}

func TestDamagedFactsAreAnError(t *testing.T) {
	for name, content := range damaged {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "facts")
			must(t, os.WriteFile(path, []byte(content), 0o644))
			if found, err := readFacts(path); err == nil {
				t.Errorf("got %v", found)
			}
		})
	}
}

func TestDamagedStoreRecordIsAbsent(t *testing.T) {
	for name, content := range damaged {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "record")
			must(t, os.WriteFile(path, []byte(content), 0o644))
			if state := readStoreState(path); !reflect.DeepEqual(state, storeState{}) {
				t.Errorf("got %v", state)
			}
		})
	}
	if state := readStoreState(filepath.Join(t.TempDir(), "nothing")); !reflect.DeepEqual(state, storeState{}) {
		t.Errorf("of no file: got %v", state)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
