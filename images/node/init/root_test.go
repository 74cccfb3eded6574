package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

const mountinfo = `900 880 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/a
901 900 0:51 / /proc rw,nosuid - proc proc rw
902 901 0:51 /sys /proc/sys ro - proc proc rw
903 900 0:52 / /dev rw - tmpfs tmpfs rw
904 903 0:53 / /dev/pts rw - devpts devpts rw
905 900 0:54 / /knest/disk rw shared:7 - nfs4 server:/export rw
906 900 254:0 /hosts /etc/hosts rw - ext4 /dev/vda rw
907 906 254:0 /hosts /etc/hosts rw - ext4 /dev/vda rw
908 900 0:55 / /with\040space rw - fuse.glusterfs volume rw
`

func TestChildMountsAreThoseThatTakeAllOthersAlong(t *testing.T) {
	got := childMounts(parseMountInfo(mountinfo))
	if want := []string{"/proc", "/dev", "/knest/disk", "/etc/hosts", "/with space"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// After a pivot the root is not the first line.
	got = childMounts(parseMountInfo("2 1 0:2 / /knest/image ro - overlay overlay ro\n3 1 0:3 / /run rw - tmpfs tmpfs rw\n1 9 0:1 / / rw - overlay overlay rw\n"))
	if want := []string{"/knest/image", "/run"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFileSystemOf(t *testing.T) {
	for path, want := range map[string]string{
		"/knest/disk": "nfs4", "/knest/disk/root": "nfs4", "/knest/disks": "overlay", "/etc/hosts": "ext4",
		"/with space/a": "fuse.glusterfs", "/": "overlay",
	} {
		if got := fileSystemOf(path, parseMountInfo(mountinfo)); got != want {
			t.Errorf("%s is on %s, want %s", path, got, want)
		}
	}
	if got := fileSystemOf("/a", nil); got != "unknown" {
		t.Errorf("got %s without mounts", got)
	}
}

func TestDropsWhatShadowsTheImage(t *testing.T) {
	image, upper := t.TempDir(), t.TempDir()
	write := func(root string, paths ...string) {
		for _, path := range paths {
			must(t, writeFile(filepath.Join(root, path), root, 0o755))
		}
	}
	write(image, "local/bin/kubelet", "bin/containerd", "share/folder/file", "lib/was-a-folder", "sbin/runc")
	write(upper,
		"local/bin/kubelet", "local/bin/tool", // changed and added
		"share/folder",          // a file over a folder of the image
		"lib/was-a-folder/file", // a folder over a file of the image
		"share/mine/file", "games",
	)
	must(t, os.Symlink("nowhere", filepath.Join(upper, "sbin")))

	must(t, dropShadows(upper, image))
	must(t, dropShadows(upper, image))
	var kept []string
	must(t, filepath.WalkDir(upper, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			kept = append(kept, strings.TrimPrefix(path, upper))
		}
		return err
	}))
	if want := []string{"/games", "/local/bin/tool", "/share/mine/file"}; !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	must(t, dropShadows(filepath.Join(upper, "nothing"), image))
}

// requireOverlay skips where overlays cannot be mounted on the folder for temporary files.
func requireOverlay(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root may mount overlays")
	}
	disk := t.TempDir()
	if isFileSystem(disk, overlayMagic) {
		t.Skip("skipped: the folder for temporary files is on an overlay, which cannot carry another")
	}
	if err := tryOverlay(disk); errors.Is(err, syscall.EPERM) {
		t.Skipf("skipped: this root may not mount: %v", err)
	}
	return disk
}

func TestDropsWhiteoutsAndOpaqueFolders(t *testing.T) {
	disk := requireOverlay(t)
	at := func(path string) string { return filepath.Join(disk, path) }
	must(t, writeFile(at("image/bin/runc"), "image", 0o755))
	must(t, writeFile(at("image/share/folder/file"), "image", 0o755))
	must(t, makeDirectories(at("upper"), at("work"), at("merged")))
	mount := func() {
		options := "lowerdir=" + at("image") + ",upperdir=" + at("upper") + ",workdir=" + at("work") + "," + rootOptions
		if err := syscall.Mount("overlay", at("merged"), "overlay", 0, options); err != nil {
			t.Skipf("skipped: this machine mounts no overlays here: %v", err)
		}
	}
	mount()
	t.Cleanup(func() { syscall.Unmount(at("merged"), syscall.MNT_DETACH) }) //nolint:errcheck // may be unmounted
	must(t, os.Remove(at("merged/bin/runc")))
	must(t, os.RemoveAll(at("merged/share/folder")))
	must(t, writeFile(at("merged/share/folder/mine"), "mine", 0o644))
	must(t, syscall.Unmount(at("merged"), 0))

	must(t, dropShadows(at("upper"), at("image")))
	mount()
	for path, want := range map[string]string{"bin/runc": "image", "share/folder/file": "image", "share/folder/mine": "mine"} {
		if content, err := os.ReadFile(at("merged/" + path)); err != nil || string(content) != want {
			t.Errorf("%s: got %q, %v; want %q", path, content, err, want)
		}
	}
}

func TestNoRoom(t *testing.T) {
	cases := map[string]struct {
		stat syscall.Statfs_t
		want bool
	}{
		"room":                       {syscall.Statfs_t{Bsize: 4096, Blocks: 100000, Bfree: 50000, Files: 1000, Ffree: 900}, false},
		"no block":                   {syscall.Statfs_t{Bsize: 4096, Blocks: 100000, Bfree: 9, Files: 1000, Ffree: 900}, true},
		"no inode":                   {syscall.Statfs_t{Bsize: 4096, Blocks: 100000, Bfree: 50000, Files: 1000}, true},
		"inodes are made, as on xfs": {syscall.Statfs_t{Bsize: 4096, Blocks: 100000, Bfree: 50000}, false},
		"nothing is counted":         {syscall.Statfs_t{Bsize: 4096}, false},
	}
	for name, test := range cases {
		if got := noRoom(test.stat); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestTheReserveIsTakenAndGivenBack(t *testing.T) {
	disk := t.TempDir()
	if isFileSystem(disk, tmpfsMagic) {
		t.Skip("skipped: in memory nothing is reserved, and the folder for temporary files is there")
	}
	releaseReserve(disk)
	keepReserve(disk)
	keepReserve(disk)
	if info, err := os.Stat(filepath.Join(disk, reserveFile)); err != nil || info.Size() != reserveSize {
		t.Errorf("got %v, %v", info, err)
	}
	releaseReserve(disk)
	if entries, err := os.ReadDir(disk); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestTryOverlay(t *testing.T) {
	disk := requireOverlay(t)
	must(t, writeFile(filepath.Join(disk, ".overlay-trial/upper/left"), "by a start that was cut off", 0o644))
	for range 2 {
		must(t, tryOverlay(disk))
		if entries, err := os.ReadDir(disk); err != nil || len(entries) > 0 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	}
	// An overlay stands for every file system that cannot carry one.
	must(t, makeDirectories(filepath.Join(disk, "lower"), filepath.Join(disk, "upper"), filepath.Join(disk, "work"), filepath.Join(disk, "merged")))
	merged := filepath.Join(disk, "merged")
	options := "lowerdir=" + filepath.Join(disk, "lower") + ",upperdir=" + filepath.Join(disk, "upper") + ",workdir=" + filepath.Join(disk, "work")
	must(t, syscall.Mount("overlay", merged, "overlay", 0, options))
	defer syscall.Unmount(merged, syscall.MNT_DETACH) //nolint:errcheck // the test is over
	if err := tryOverlay(merged); err == nil {
		t.Error("an overlay was found fit to carry overlays")
	}
}
