package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// What a start of a node does in a process of its own: init changes the root of whoever calls it.
const startVariable = "KNEST_TEST_START"

// A node that is started again on its disk finds what was written, wherever that was: in folders that nobody has
// thought of, and in files of its image.
func TestWhatIsWrittenAnywhereIsThereAtTheNextStart(t *testing.T) {
	if root := os.Getenv(startVariable); root != "" {
		if err := startOnDisk(root); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	root := requireOverlay(t)
	must(t, os.Mkdir(filepath.Join(root, "disk"), 0o755))
	for start := range 2 {
		command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		command.Env = append(os.Environ(), startVariable+"="+root)
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("start %d: %v\n%s", start+1, err, output)
		}
	}
	for path, want := range map[string]string{"data/mine": "xx", "etc/settings": "imagexx"} {
		if content, err := os.ReadFile(filepath.Join(root, "disk/root", path)); err != nil || string(content) != want {
			t.Errorf("after two starts %s on the disk is %q, %v; want %q", path, content, err, want)
		}
	}
}

// startOnDisk begins with a fresh image, keeps its root on the disk as init does, and adds to two files.
func startOnDisk(root string) error {
	image := filepath.Join(root, "image")
	at := func(path string) string { return filepath.Join(image, path) }
	steps := []func() error{
		func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") },
		func() error { return os.MkdirAll(image, 0o755) },
		func() error { return syscall.Mount("image", image, "tmpfs", 0, "") },
		func() error { return makeDirectories(at("usr"), at("etc"), at("proc"), at("disk"), at("old")) },
		func() error { return os.WriteFile(at("etc/settings"), []byte("image"), 0o644) },
		func() error { return syscall.Mount("/proc", at("proc"), "", syscall.MS_BIND|syscall.MS_REC, "") },
		func() error { return syscall.Mount(filepath.Join(root, "disk"), at("disk"), "", syscall.MS_BIND, "") },
		func() error { return syscall.PivotRoot(image, at("old")) },
		func() error { return os.Chdir("/") },
		func() error { return syscall.Unmount("/old", syscall.MNT_DETACH) },
		func() error { return keepRoot("/disk") },
		func() error { return os.MkdirAll("/data", 0o755) },
		func() error { return addTo("/data/mine") },
		func() error { return addTo("/etc/settings") },
	}
	for number, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d of a start: %w", number, err)
		}
	}
	return nil
}

func addTo(path string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString("x")
	return err
}
