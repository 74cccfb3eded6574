package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// diskDirectories are the parts of the node that its disk keeps, by their place in the node.
var diskDirectories = []string{
	"/etc/kubernetes", "/etc/cni/net.d", "/var/lib/etcd", "/var/lib/kubelet", "/var/lib/containerd",
	"/var/lib/cni", "/var/lib/knest", "/var/log/pods",
}

func mountPoints() []string {
	content, _ := os.ReadFile("/proc/self/mountinfo")
	return parseMountPoints(string(content))
}

func parseMountPoints(mountinfo string) []string {
	var points []string
	for line := range strings.Lines(mountinfo) {
		if fields := strings.Fields(line); len(fields) > 4 {
			points = append(points, strings.ReplaceAll(fields[4], `\040`, " "))
		}
	}
	return points
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

// mountDisk puts the parts of the node that outlive a start on its disk.
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
