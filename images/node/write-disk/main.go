// The knest-write-disk command puts the disk of a VM image on a volume, as a raw file that KubeVirt boots
// from. It runs beside a containerDisk image, which holds a disk and no program.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	from := flag.String("from", "/disk", "folder with the one disk image of the VM, qcow2 or raw")
	to := flag.String("to", "", "raw file to write; one that is there is left as it is")
	size := flag.Int64("size", 0, "bytes of the disk, at least those of the image")
	owner := flag.Int("owner", 107, "user and group of the file")
	flag.Parse()
	if err := run(*from, *to, *size, *owner); err != nil {
		fmt.Fprintf(os.Stderr, "knest-write-disk: %v\n", err)
		os.Exit(1)
	}
}

// run is repeatable: the file has its name only when it is whole.
func run(from, to string, size int64, owner int) error {
	if to == "" {
		return errors.New("--to is missing")
	}
	// Versions before gave the name to what a power cut could leave empty, and KubeVirt gives it to a disk of holes
	// where a machine starts before it has one.
	if written, err := holdsData(to); err != nil || written {
		return err
	}
	path, err := onlyFile(from)
	if err != nil {
		return err
	}
	part := to + ".part"
	if err := convert(path, part, size); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.Chown(part, owner, owner); err != nil {
		return err
	}
	return putInPlace(part, to)
}

// seekData is SEEK_DATA of lseek(2).
const seekData = 3

// holdsData asks the file system whether anything was ever written to a file; one that is not there holds nothing.
func holdsData(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	_, err = file.Seek(0, seekData)
	if errors.Is(err, syscall.ENXIO) {
		return false, nil
	}
	// A file system that does not know counts all of it as data.
	if errors.Is(err, syscall.EINVAL) {
		info, err := file.Stat()
		return err != nil || info.Size() > 0, err
	}
	return true, err
}

// syncFile is what a test puts itself before.
var syncFile = (*os.File).Sync

// putInPlace gives a file its name when all of it, its owner too, is on the disk; then the name is as well.
func putInPlace(part, to string) error {
	if err := syncPath(part); err != nil {
		return err
	}
	if err := os.Rename(part, to); err != nil {
		return err
	}
	return syncPath(filepath.Dir(to))
}

func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return syncFile(file)
}

func onlyFile(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	var found []string
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			found = append(found, filepath.Join(folder, entry.Name()))
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s holds %d files, not one disk", folder, len(found))
	}
	return found[0], nil
}

func convert(path, to string, size int64) error {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close()
	disk, err := openDisk(source)
	if err != nil {
		return err
	}
	if size < disk.size {
		return fmt.Errorf("the disk of the image has %d bytes, more than the %d of the node (rootfs size)", disk.size, size)
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o660)
	if err != nil {
		return err
	}
	defer target.Close()
	// What is never written stays a hole.
	if err := target.Truncate(size); err != nil {
		return err
	}
	if err := disk.copyTo(target); err != nil {
		return err
	}
	return target.Close()
}
