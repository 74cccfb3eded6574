package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// diskDirectories are bound from the disk: file systems of their own, for containerd's overlays and etcd. All else is
// kept by the overlay of the root; these were all that versions before kept.
var diskDirectories = []string{
	"/etc/kubernetes", "/etc/cni/net.d", "/var/lib/etcd", "/var/lib/kubelet", "/var/lib/containerd",
	"/var/lib/cni", "/var/lib/knest", "/var/log/pods",
}

// mountEntry is one line of a /proc/PID/mountinfo.
type mountEntry struct {
	id, parent, point, fileSystem string
}

func mountInfo() []mountEntry {
	content, _ := os.ReadFile("/proc/self/mountinfo")
	return parseMountInfo(string(content))
}

func parseMountInfo(mountinfo string) []mountEntry {
	var entries []mountEntry
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		if fields, rest := strings.Fields(before), strings.Fields(after); len(fields) > 4 && len(rest) > 0 {
			point := strings.ReplaceAll(fields[4], `\040`, " ")
			entries = append(entries, mountEntry{id: fields[0], parent: fields[1], point: point, fileSystem: rest[0]})
		}
	}
	return entries
}

func mountPoints() []string {
	content, _ := os.ReadFile("/proc/self/mountinfo")
	return parseMountPoints(string(content))
}

func parseMountPoints(mountinfo string) []string {
	var points []string
	for _, entry := range parseMountInfo(mountinfo) {
		points = append(points, entry.point)
	}
	return points
}

// childMounts are the mount points directly on the root: what is mounted in them moves with them.
func childMounts(entries []mountEntry) []string {
	root := ""
	for _, entry := range entries {
		if entry.point == "/" {
			root = entry.id
		}
	}
	var points []string
	for _, entry := range entries {
		if entry.parent == root && entry.point != "/" {
			points = append(points, entry.point)
		}
	}
	return points
}

// fileSystemOf names the kind of file system a path is on.
func fileSystemOf(path string, entries []mountEntry) string {
	point, found := "", "unknown"
	for _, entry := range entries {
		within := path == entry.point || strings.HasPrefix(path, strings.TrimSuffix(entry.point, "/")+"/")
		if within && len(entry.point) >= len(point) {
			point, found = entry.point, entry.fileSystem
		}
	}
	return found
}

// unmountAll unmounts everything at and under a directory, the newest first.
func unmountAll(directory string) {
	points := mountPoints()
	slices.Reverse(points)
	for _, point := range points {
		if point == directory || strings.HasPrefix(point, directory+"/") {
			syscall.Unmount(point, syscall.MNT_DETACH) //nolint:errcheck // a fresh mount goes on top
		}
	}
}

// ensureTmpfs gives the node an empty directory in memory, as a boot does. In a pod it is a volume that
// outlives the container: sockets and states of an earlier start would be taken for those of this one.
func ensureTmpfs(directory, options string) error {
	if points := mountPoints(); slices.Contains(points, directory) {
		return emptyDirectory(directory, points)
	}
	return syscall.Mount("tmpfs", directory, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, options)
}

// emptyDirectory removes what is in a directory, but nothing that is mounted there.
func emptyDirectory(directory string, points []string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		isMounted := func(point string) bool { return point == path || strings.HasPrefix(point, path+"/") }
		if slices.ContainsFunc(points, isMounted) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

func makeDirectories(directories ...string) error {
	for _, directory := range directories {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func bind(source, target string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s on %s: %w", source, target, err)
	}
	return nil
}

func bindReadOnly(source, target string) error {
	if err := bind(source, target); err != nil {
		return err
	}
	return syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

func isFileSystem(directory string, magic uint32) bool {
	var stat syscall.Statfs_t
	return syscall.Statfs(directory, &stat) == nil && uint32(stat.Type) == magic
}

// mountDisk puts the node on its disk: what it writes outlives a start.
func mountDisk(disk string) error {
	if err := os.MkdirAll(disk, 0o755); err != nil {
		return err
	}
	if isFileSystem(disk, overlayMagic) {
		// An overlay cannot be the upper layer of containers' overlays (kubernetes-sigs/cluster-api#239).
		logf("warning: %s is not a volume: the node keeps its state in memory and loses it when it stops", disk)
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "mode=755"); err != nil {
			return err
		}
	} else if err := useDisk(disk); err != nil {
		return err
	}
	for _, target := range diskDirectories {
		source := filepath.Join(disk, strings.ReplaceAll(target[1:], "/", "-"))
		if err := os.MkdirAll(source, 0o755); err != nil {
			return err
		}
		if err := bind(source, target); err != nil {
			return err
		}
		// podman's volumes are nosuid and nodev: containers' own files on them must not be.
		warn("allow suid and devices on "+target, syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT, ""))
	}
	return os.Chmod(filepath.Join(disk, "var-lib-etcd"), 0o700)
}

func useDisk(disk string) error {
	releaseReserve(disk)
	full := isFull(disk)
	// On a full disk the trial says nothing. The node starts if it can: who is to make room, else?
	if err := tryOverlay(disk); err != nil && !full {
		return fmt.Errorf("the node's disk is on %s, which cannot carry containers (%w); "+
			"choose a storage class of a local file system or a block device, with ext4 or xfs", fileSystemOf(disk, mountInfo()), err)
	}
	err := keepRoot(disk)
	if err != nil && full {
		return fmt.Errorf("the node's disk is full (%w); make its volume larger, or remove something from it", err)
	}
	return err
}

const (
	reserveFile = ".reserve"
	reserveSize = 4 << 20
)

// releaseReserve gives back what keepReserve took, so that a node whose disk is full can start.
func releaseReserve(disk string) {
	if err := os.Remove(filepath.Join(disk, reserveFile)); !errors.Is(err, os.ErrNotExist) {
		warn("release the reserve of the disk", err)
	}
}

// keepReserve sets some room aside for the next start: the kernel makes an overlay read-only on a full disk.
func keepReserve(disk string) {
	if isFileSystem(disk, tmpfsMagic) {
		return
	}
	file, err := os.OpenFile(filepath.Join(disk, reserveFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return // full
	}
	defer file.Close()
	if err := syscall.Fallocate(int(file.Fd()), 0, 0, reserveSize); err != nil {
		file.Truncate(0) //nolint:errcheck // it holds what it holds
	}
}

// noRoom leaves out the file systems that do not count.
func noRoom(stat syscall.Statfs_t) bool {
	return stat.Blocks > 0 && stat.Bfree*uint64(stat.Bsize) < reserveSize/4 || stat.Files > 0 && stat.Ffree < 64
}

// isFull says that there is no room, or no inode, for the little that a start writes.
func isFull(disk string) bool {
	var stat syscall.Statfs_t
	if syscall.Statfs(disk, &stat) != nil {
		return false
	}
	return noRoom(stat)
}
