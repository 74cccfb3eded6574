package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A node is a machine: what anybody writes on it stays. Its root is an overlay of its image, with the upper layer on
// its disk (decision 0014).
const (
	newRoot = "/knest/root"
	// imageMount is where the image's own root is then. Overlays stack two deep only, so what containers run is
	// taken from here.
	imageMount = "/knest/image"
	// imagePrefix is always the image's: its programs and libraries belong together.
	imagePrefix = "usr"

	// Without these an upper layer may be put on another image's files.
	rootOptions = "redirect_dir=nofollow,index=off,metacopy=off,xino=off"
	opaque      = "trusted.overlay.opaque"
)

// imageRoot is where the image's files are.
var imageRoot = "/"

// keepRoot makes the node's root an overlay whose upper layer is on the disk.
func keepRoot(disk string) error {
	upper, work := filepath.Join(disk, "root"), filepath.Join(disk, "root-work")
	if err := makeDirectories(upper, work, newRoot, imageMount); err != nil {
		return err
	}
	if err := dropShadows(filepath.Join(upper, imagePrefix), filepath.Join("/", imagePrefix)); err != nil {
		return fmt.Errorf("what shadows the image: %w", err)
	}
	points := childMounts(mountInfo())
	options := fmt.Sprintf("lowerdir=/,upperdir=%s,workdir=%s", upper, work)
	err := syscall.Mount("overlay", newRoot, "overlay", 0, options+","+rootOptions)
	if err == syscall.EINVAL { // a kernel that knows none of these options has none of what they turn off
		err = syscall.Mount("overlay", newRoot, "overlay", 0, options)
	}
	if err != nil {
		return fmt.Errorf("mount an overlay of %s and the image: %w", upper, err)
	}
	if isReadOnly(newRoot) {
		return fmt.Errorf("an overlay of %s can only be read; see the kernel's log", upper)
	}
	for _, point := range points {
		target := filepath.Join(newRoot, point)
		if err := likeWhatIsMounted(point, target); err != nil {
			return err
		}
		if err := syscall.Mount(point, target, "", syscall.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", point, err)
		}
	}
	if err := syscall.PivotRoot(newRoot, newRoot+imageMount); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	imageRoot = imageMount
	// It is a layer now: nothing may change in it.
	return syscall.Mount("", imageMount, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

func isReadOnly(directory string) bool {
	var stat syscall.Statfs_t
	const readOnly = 1 // ST_RDONLY
	return syscall.Statfs(directory, &stat) == nil && stat.Flags&readOnly != 0
}

// likeWhatIsMounted makes the mount point, should the disk say that it was removed.
func likeWhatIsMounted(source, target string) error {
	if _, err := os.Lstat(target); err == nil {
		return nil
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, nil, 0o644)
}

// dropShadows removes from an upper layer what hides a file of the image. What was added stays.
func dropShadows(upper, image string) error {
	entries, err := os.ReadDir(upper)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// A folder that was removed and made again hides all that the image has in it.
	if err := syscall.Removexattr(upper, opaque); err != nil && err != syscall.ENODATA && err != syscall.ENOTSUP {
		return err
	}
	for _, entry := range entries {
		above, below := filepath.Join(upper, entry.Name()), filepath.Join(image, entry.Name())
		info, err := os.Lstat(below)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if entry.IsDir() && info.IsDir() {
			err = dropShadows(above, below)
		} else {
			err = os.RemoveAll(above)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tryOverlay does on the disk what containers will: a file system on which that fails would be found out by the
// first pod only, and be told nowhere.
func tryOverlay(disk string) error {
	trial := filepath.Join(disk, ".overlay-trial")
	at := func(path string) string { return filepath.Join(trial, path) }
	if err := os.RemoveAll(trial); err != nil {
		return err
	}
	defer os.RemoveAll(trial) //nolint:errcheck // the next start tries again
	if err := makeDirectories(at("lower/folder"), at("upper"), at("work"), at("merged")); err != nil {
		return err
	}
	for _, name := range []string{"lower/changed", "lower/removed", "lower/folder/file"} {
		if err := os.WriteFile(at(name), []byte("lower\n"), 0o644); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", at("lower"), at("upper"), at("work"))
	// Else the end of the trial would wait until all that the host has yet to write to this file system is written.
	err := syscall.Mount("overlay", at("merged"), "overlay", 0, options+",volatile")
	if err == syscall.EINVAL { // before Linux 5.10, or the file system's refusal
		err = syscall.Mount("overlay", at("merged"), "overlay", 0, options)
	}
	if err != nil {
		return fmt.Errorf("mount an overlay: %w", err)
	}
	defer syscall.Unmount(at("merged"), syscall.MNT_DETACH) //nolint:errcheck // goes with the namespace
	if isReadOnly(at("merged")) {
		return errors.New("an overlay can only be read")
	}
	if err := appendFile(at("merged/changed"), "upper\n"); err != nil {
		return fmt.Errorf("change a file of a layer: %w", err)
	}
	if err := os.Remove(at("merged/removed")); err != nil {
		return fmt.Errorf("remove a file of a layer: %w", err)
	}
	if err := os.RemoveAll(at("merged/folder")); err != nil {
		return fmt.Errorf("remove a folder of a layer: %w", err)
	}
	if err := os.Mkdir(at("merged/folder"), 0o755); err != nil {
		return fmt.Errorf("make a folder again: %w", err)
	}
	entries, err := fs.Glob(os.DirFS(at("merged")), "*")
	if err != nil || strings.Join(entries, " ") != "changed folder" {
		return fmt.Errorf("an overlay shows %q, %w", entries, err)
	}
	return nil
}
