package main

import (
	"bytes"
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const imageSize = 24<<20 + 512

// contents has text that compresses, noise that does not, and holes between.
func contents() []byte {
	disk := make([]byte, imageSize)
	copy(disk[1<<20:], bytes.Repeat([]byte("knest "), 300_000))
	rand.New(rand.NewSource(1)).Read(disk[8<<20 : 11<<20])
	copy(disk[imageSize-3:], "end")
	return disk
}

func TestConvertsEveryKindOfImage(t *testing.T) {
	qemu, err := exec.LookPath("qemu-img")
	if err != nil {
		t.Skip("skipped: no qemu-img on this machine, so there is no image to read")
	}
	for name, options := range map[string][]string{
		"raw":           {"-O", "raw"},
		"qcow2":         {"-O", "qcow2"},
		"version 2":     {"-O", "qcow2", "-o", "compat=0.10"},
		"zlib":          {"-c", "-O", "qcow2", "-o", "compression_type=zlib"},
		"zstd":          {"-c", "-O", "qcow2", "-o", "compression_type=zstd"},
		"zstd, 2M":      {"-c", "-O", "qcow2", "-o", "compression_type=zstd,cluster_size=2M"},
		"512 B cluster": {"-O", "qcow2", "-o", "cluster_size=512"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			raw := filepath.Join(t.TempDir(), "raw")
			must(t, os.WriteFile(raw, contents(), 0o600))
			arguments := append(append([]string{"convert", "-f", "raw"}, options...), raw, filepath.Join(folder, "disk"))
			if output, err := exec.Command(qemu, arguments...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			target := filepath.Join(t.TempDir(), "disk.img")
			must(t, run(folder, target, 2*imageSize, os.Getuid()))
			written, err := os.ReadFile(target)
			must(t, err)
			if len(written) != 2*imageSize || !bytes.Equal(written[:imageSize], contents()) || !isZero(written[imageSize:]) {
				t.Fatal("the disk is not the image's")
			}
		})
	}
}

func TestLeavesAWholeDiskAlone(t *testing.T) {
	target := filepath.Join(t.TempDir(), "disk.img")
	must(t, os.WriteFile(target, []byte("kept"), 0o600))
	must(t, run("/nonexistent", target, 1, os.Getuid()))
	if kept, _ := os.ReadFile(target); string(kept) != "kept" {
		t.Fatal("the disk was written again")
	}
}

func TestFillsADiskThatNobodyHasWrittenTo(t *testing.T) {
	folder, target := t.TempDir(), filepath.Join(t.TempDir(), "disk.img")
	image := append([]byte("raw "), make([]byte, 4092)...)
	must(t, os.WriteFile(filepath.Join(folder, "disk"), image, 0o600))
	must(t, os.WriteFile(target, nil, 0o600))
	must(t, os.Truncate(target, 1<<20))
	must(t, run(folder, target, 1<<20, os.Getuid()))
	written, err := os.ReadFile(target)
	must(t, err)
	if len(written) != 1<<20 || !bytes.HasPrefix(written, image) {
		t.Fatal("the disk of holes was taken for a whole one")
	}
}

func TestLeavesADiskAloneThatHoldsDataAnywhere(t *testing.T) {
	target := filepath.Join(t.TempDir(), "disk.img")
	disk := make([]byte, 1<<20)
	disk[len(disk)-1] = 'd'
	file, err := os.Create(target)
	must(t, err)
	_, err = file.WriteAt(disk[len(disk)-1:], int64(len(disk)-1))
	must(t, errors.Join(err, file.Close()))
	must(t, run("/nonexistent", target, 1, os.Getuid()))
	if kept, _ := os.ReadFile(target); !bytes.Equal(kept, disk) {
		t.Fatal("the disk was written again")
	}
}

func TestNamesADiskThatIsSynced(t *testing.T) {
	for name, there := range map[string]func(target string) error{
		"a new volume":        func(string) error { return nil },
		"an empty disk":       func(target string) error { return os.WriteFile(target, nil, 0o600) },
		"half of one written": func(target string) error { return os.WriteFile(target+".part", make([]byte, 9000), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			folder, volume := t.TempDir(), t.TempDir()
			image := append([]byte("raw "), make([]byte, 4092)...)
			must(t, os.WriteFile(filepath.Join(folder, "disk"), image, 0o600))
			target := filepath.Join(volume, "disk.img")
			must(t, there(target))
			var synced []string
			syncFile = func(file *os.File) error {
				named := ""
				if info, err := os.Stat(target); err == nil && info.Size() > 0 {
					named = " with its name"
				}
				synced = append(synced, strings.TrimPrefix(file.Name(), volume)+named)
				return nil
			}
			defer func() { syncFile = (*os.File).Sync }()
			must(t, run(folder, target, 4096, os.Getuid()))
			if got, want := strings.Join(synced, ", "), "/disk.img.part,  with its name"; got != want {
				t.Errorf("synced %q; want the file before it has its name, then the volume: %q", got, want)
			}
			if written, err := os.ReadFile(target); err != nil || !bytes.Equal(written, image) {
				t.Errorf("the disk is not the image's: %v", err)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	header := func(change func([]byte)) []byte {
		image := make([]byte, 1024)
		copy(image, qcow2Magic)
		image[7], image[23] = 3, 16
		change(image)
		return image
	}
	for message, image := range map[string][]byte{
		"overlay of another file":    header(func(b []byte) { b[15] = 200 }),
		"is encrypted":               header(func(b []byte) { b[35] = 1 }),
		"version 9 is not known":     header(func(b []byte) { b[7] = 9 }),
		"features that are not":      header(func(b []byte) { b[79] = 4 }),
		"more than the 100 of":       make([]byte, 200),
		"2^40 bytes are not known":   header(func(b []byte) { b[23] = 40 }),
		"compression 7 is not known": header(func(b []byte) { b[79], b[104] = 8, 7 }),
	} {
		folder := t.TempDir()
		must(t, os.WriteFile(filepath.Join(folder, "disk"), image, 0o600))
		target := filepath.Join(t.TempDir(), "disk.img")
		err := run(folder, target, 100, os.Getuid())
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("wanted %q, got %v", message, err)
		}
		if _, err := os.Stat(target); err == nil {
			t.Error("a disk was left behind")
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
