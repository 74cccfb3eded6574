package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// syncFile is what a test puts itself before.
var syncFile = (*os.File).Sync

// writeFile makes the directories and replaces the file in one go. After a power cut it may be absent, old or
// empty: it is for what every start writes again, all else is writeDurably's.
func writeFile(path, content string, mode os.FileMode) error {
	return replaceFile(path, content, mode, false)
}

// writeDurably is writeFile that returns when the file is on the disk, under its name.
func writeDurably(path, content string, mode os.FileMode) error {
	return replaceFile(path, content, mode, true)
}

func replaceFile(path, content string, mode os.FileMode, durable bool) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	part := path + ".new"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	if err == nil && durable {
		err = syncFile(file)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil || !durable {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// syncPath puts a file, or the names in a folder, on the disk.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := syncFile(file); err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}

// syncTree puts a folder and all in it on the disk. All at once: a file system then needs few commits for many files.
func syncTree(root string) error {
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (entry.IsDir() || entry.Type().IsRegular()) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	faults := make([]error, len(paths))
	var wait sync.WaitGroup
	for i, path := range paths {
		wait.Go(func() { faults[i] = syncPath(path) })
	}
	wait.Wait()
	return errors.Join(faults...)
}
