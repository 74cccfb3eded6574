package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/containerd/containerd/v2/pkg/archive"
	"github.com/containerd/containerd/v2/pkg/archive/compression"
	continuity "github.com/containerd/continuity/fs"
	"github.com/opencontainers/go-digest"
	"github.com/vbatts/tar-split/tar/asm"
	"github.com/vbatts/tar-split/tar/storage"
	"golang.org/x/sys/unix"
)

// layer is one that was unpacked while it came.
type layer struct {
	// directory has "fs" and, of a plain one, "tar.gz".
	directory    string
	diffID       digest.Digest
	isCompressed bool
	// implicit are folders that the archive has things in and no entry for: what they are like, layers below say.
	implicit []string
	head     []byte
	placed   string
	failure  error
}

// isTar says that an archive begins so; one that is empty begins with zeros.
func isTar(head []byte) bool {
	_, err := tar.NewReader(bytes.NewReader(head)).Next()
	return err == nil || (errors.Is(err, io.EOF) && len(head) >= headBytes)
}

// unpacking is a layer that is on its way.
type unpacking struct {
	stream *io.PipeWriter
	done   chan *layer
	ended  bool
}

// unpack begins one in a folder of its own below the given one.
func unpack(below string, isCompressed bool) (*unpacking, error) {
	directory, err := os.MkdirTemp(below, "layer")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(directory, "fs"), 0o755); err != nil {
		return nil, err
	}
	reader, writer := io.Pipe()
	begun := &unpacking{stream: writer, done: make(chan *layer, 1)}
	go func() {
		unpacked := &layer{directory: directory, isCompressed: isCompressed}
		unpacked.failure = unpacked.read(reader)
		// What cannot be unpacked is read all the same: it may be no layer of any image.
		_, _ = io.Copy(io.Discard, reader)
		begun.done <- unpacked
	}()
	return begun, nil
}

func (u *unpacking) write(bytes []byte) error {
	_, err := u.stream.Write(bytes)
	return err
}

func (u *unpacking) finish() *layer {
	u.ended = true
	u.stream.Close()
	return <-u.done
}

func (u *unpacking) abort() {
	if u.ended {
		return
	}
	u.ended = true
	u.stream.CloseWithError(io.ErrUnexpectedEOF)
	<-u.done
}

// read unpacks a layer as overlay file systems want it, and takes its digest.
func (l *layer) read(from io.Reader) error {
	plain, err := compression.DecompressStream(from)
	if err != nil {
		return err
	}
	defer plain.Close()
	digester := digest.Canonical.Digester()
	stream := io.TeeReader(plain, digester.Hash())
	finish := func() error { return nil }
	if !l.isCompressed {
		if stream, finish, err = l.record(stream); err != nil {
			return err
		}
	}
	seen := newFolders()
	_, err = archive.Apply(context.Background(), filepath.Join(l.directory, "fs"), stream,
		archive.WithConvertWhiteout(archive.OverlayConvertWhiteout), archive.WithFilter(seen.note))
	if err != nil {
		return err
	}
	// What follows the last entry belongs to the digest.
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return err
	}
	l.implicit = seen.implicit()
	l.diffID = digester.Digest()
	return finish()
}

// record writes down what the archive has beside the content of its files, so that it can be made again to the byte.
func (l *layer) record(from io.Reader) (io.Reader, func() error, error) {
	file, err := os.Create(filepath.Join(l.directory, "tar.gz"))
	if err != nil {
		return nil, nil, err
	}
	packed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return nil, nil, err
	}
	stream, done, err := asm.NewInputTarStreamWithDone(from, storage.NewJSONPacker(packed), nil)
	if err != nil {
		return nil, nil, err
	}
	finish := func() error { return errors.Join(<-done, stream.Close(), packed.Close(), file.Close()) }
	return stream, finish, nil
}

// writeArchive writes a plain layer as it came.
func writeArchive(directory string, to io.Writer) error {
	file, err := os.Open(filepath.Join(directory, "tar.gz"))
	if err != nil {
		return err
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	return asm.WriteOutputTarStream(files(filepath.Join(directory, "fs")), storage.NewJSONUnpacker(packed), to)
}

// files gives the files of a layer by their names in its archive; links lead nowhere else.
type files string

func (root files) Get(name string) (io.ReadCloser, error) {
	found, err := continuity.RootPath(string(root), name)
	if err != nil {
		return nil, err
	}
	return os.Open(found)
}

// place moves the layer to where nodes have it, unless it is there, and gives the name of its folder. One that depends on
// those below has a place for each chain. "below" are the folders of the layers below, the nearest first.
func (l *layer) place(s *store, chain digest.Digest, below []string) (string, error) {
	name := l.diffID.Encoded()
	if len(l.implicit) > 0 {
		name = chain.Encoded()
	}
	to := s.path("layers", name)
	if _, err := os.Stat(to); err == nil {
		return name, nil
	}
	if err := os.MkdirAll(s.path("layers"), 0o700); err != nil {
		return "", err
	}
	if l.placed != "" {
		// Another image of the archive has it on other layers.
		if err := copyLayer(s.path("layers", l.placed), l.directory); err != nil {
			return "", err
		}
	}
	for _, folder := range l.implicit {
		if err := inherit(filepath.Join(l.directory, "fs"), folder, below); err != nil {
			return "", err
		}
	}
	if err := os.Rename(l.directory, to); err != nil {
		return "", err
	}
	l.placed = name
	return name, nil
}

func copyLayer(from, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	return continuity.CopyDir(to, from)
}

// inherit gives a folder the owner, mode, time and attributes that it has in the nearest layer below.
func inherit(root, folder string, below []string) error {
	own := filepath.Join(root, folder)
	for _, parent := range below {
		found, err := continuity.RootPath(parent, folder)
		if err != nil {
			return err
		}
		info, err := os.Lstat(found)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return nil
		}
		return copyAttributes(found, own)
	}
	return nil
}

func copyAttributes(from, to string) error {
	var info unix.Stat_t
	if err := unix.Lstat(from, &info); err != nil {
		return err
	}
	if err := os.Lchown(to, int(info.Uid), int(info.Gid)); err != nil {
		return err
	}
	if err := unix.Chmod(to, info.Mode&0o7777); err != nil {
		return err
	}
	names := make([]byte, 64*1024)
	count, err := unix.Llistxattr(from, names)
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	for name := range bytes.FieldsFuncSeq(names[:max(count, 0)], func(each rune) bool { return each == 0 }) {
		value := make([]byte, 64*1024)
		size, err := unix.Lgetxattr(from, string(name), value)
		if err != nil || string(name) == "trusted.overlay.opaque" {
			continue
		}
		if err := unix.Lsetxattr(to, string(name), value[:size], 0); err != nil {
			return err
		}
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, to, []unix.Timespec{info.Atim, info.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}

// folders are those that an archive has entries for, and those that it only has things in.
type folders struct {
	own, needed map[string]bool
}

func newFolders() *folders {
	return &folders{own: map[string]bool{}, needed: map[string]bool{}}
}

func (f *folders) note(header *tar.Header) (bool, error) {
	name := path.Clean("/" + header.Name)
	if header.Typeflag == tar.TypeDir {
		f.own[name] = true
	}
	for name = path.Dir(name); name != "/" && !f.needed[name]; name = path.Dir(name) {
		f.needed[name] = true
	}
	return true, nil
}

// implicit gives them with those above first.
func (f *folders) implicit() []string {
	var names []string
	for name := range f.needed {
		if !f.own[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
