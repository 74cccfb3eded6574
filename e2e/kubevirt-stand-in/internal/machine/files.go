package machine

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func decodeBase64(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

// Install copies the stand-in's own program and what goes with it into a directory that all containers of
// the pod have: their images have no program to run in them.
func Install(directory string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	if err := copyFile(own, filepath.Join(directory, "kubevirt-stand-in"), 0o755); err != nil {
		return err
	}
	return copyTree("/sshd", filepath.Join(directory, "sshd"), true)
}

// CopyOut copies a file, or the only file of a directory, into a directory.
func CopyOut(from, directory string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		entries, err := os.ReadDir(from)
		if err != nil {
			return err
		}
		if len(entries) != 1 {
			return fmt.Errorf("%s must hold one file, the disk; it holds %d", from, len(entries))
		}
		from = filepath.Join(from, entries[0].Name())
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	return copyFile(from, filepath.Join(directory, filepath.Base(from)), 0o644)
}

// copyTree copies files and links. Files that are there already stay, unless they are to be replaced.
func copyTree(from, to string, replace bool) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if _, err := os.Stat(target); err == nil && !replace {
			return nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return copyFile(path, target, info.Mode().Perm())
	})
}

func copyFile(from, to string, mode os.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
