package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestEmptyDirectoryKeepsWhatIsMounted(t *testing.T) {
	directory := t.TempDir()
	for _, path := range []string{"knest/kubelet.conf.d", "containerd", "secrets/account", "lock"} {
		if err := os.MkdirAll(filepath.Join(directory, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	points := []string{"/", directory, filepath.Join(directory, "secrets/account"), filepath.Join(directory, "lock")}
	if err := emptyDirectory(directory, points); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, entry := range entries {
		kept = append(kept, entry.Name())
	}
	if want := []string{"lock", "secrets"}; !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %v; want %v", kept, want)
	}
}
