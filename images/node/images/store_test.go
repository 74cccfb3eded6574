package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

const app = "docker.io/library/app:dev"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func needRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: device nodes and owners of files need root")
	}
}

type entry struct {
	header  tar.Header
	content string
}

func folder(name string, mode int64) entry {
	return entry{tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: 7}, ""}
}

func file(name, content string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o640, Size: int64(len(content))}, content}
}

func tarOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var text bytes.Buffer
	archive := tar.NewWriter(&text)
	for _, one := range entries {
		must(t, archive.WriteHeader(&one.header))
		_, err := io.WriteString(archive, one.content)
		must(t, err)
	}
	must(t, archive.Close())
	return text.Bytes()
}

func gzipped(t *testing.T, plain []byte) []byte {
	t.Helper()
	var text bytes.Buffer
	packed := gzip.NewWriter(&text)
	_, err := packed.Write(plain)
	must(t, err)
	must(t, packed.Close())
	return text.Bytes()
}

// ociArchive is an archive of one image; what the layers are named by is given with them.
func ociArchive(t *testing.T, name string, layers [][]byte, packed bool) []byte {
	t.Helper()
	config := ocispec.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}, RootFS: ocispec.RootFS{Type: "layers"}}
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	var entries []entry
	blob := func(mediaType string, text []byte) ocispec.Descriptor {
		id := digest.FromBytes(text)
		entries = append(entries, file("blobs/sha256/"+id.Encoded(), string(text)))
		return ocispec.Descriptor{MediaType: mediaType, Digest: id, Size: int64(len(text))}
	}
	document := func(mediaType string, of any) ocispec.Descriptor {
		text, err := json.Marshal(of)
		must(t, err)
		return blob(mediaType, text)
	}
	for _, layer := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(layer))
		if packed {
			manifest.Layers = append(manifest.Layers, blob(ocispec.MediaTypeImageLayerGzip, gzipped(t, layer)))
		} else {
			manifest.Layers = append(manifest.Layers, blob(ocispec.MediaTypeImageLayer, layer))
		}
	}
	manifest.Config = document(ocispec.MediaTypeImageConfig, config)
	target := document(ocispec.MediaTypeImageManifest, manifest)
	target.Annotations = map[string]string{images.AnnotationImageName: name}
	index, err := json.Marshal(ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, Manifests: []ocispec.Descriptor{target}})
	must(t, err)
	entries = append(entries, file("oci-layout", `{"imageLayoutVersion":"1.0.0"}`), file("index.json", string(index)))
	return tarOf(t, entries...)
}

func newStore(t *testing.T) *store {
	t.Helper()
	directory := t.TempDir()
	snapshots := filepath.Join(directory, "snapshots")
	must(t, os.MkdirAll(snapshots, 0o700))
	return &store{root: filepath.Join(directory, "store"), node: "a", snapshots: snapshots}
}

func load(t *testing.T, s *store, archive []byte) image {
	t.Helper()
	all, err := s.importArchive(context.Background(), bytes.NewReader(archive), "archive")
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d images", len(all))
	}
	return all[0]
}

func TestImportUnpacksForOverlays(t *testing.T) {
	needRoot(t)
	base := tarOf(t, folder("etc", 0o751), file("etc/a", "first"), file("etc/b", "second"), folder("var", 0o700))
	top := tarOf(t, file("etc/.wh.a", ""), file("etc/c", "third"), folder("var", 0o700), file("var/.wh..wh..opq", ""))
	for _, packed := range []bool{false, true} {
		s := newStore(t)
		one := load(t, s, gzipped(t, ociArchive(t, app, [][]byte{base, top}, packed)))
		if one.Name != app || len(one.Layers) != 2 {
			t.Fatalf("%+v", one)
		}
		in := func(layer int, path string) string { return s.path("layers", one.Layers[layer].Directory, "fs", path) }
		if text, err := os.ReadFile(in(0, "etc/b")); err != nil || string(text) != "second" {
			t.Fatalf("%q %v", text, err)
		}
		var gone unix.Stat_t
		must(t, unix.Lstat(in(1, "etc/a"), &gone))
		if gone.Mode&unix.S_IFMT != unix.S_IFCHR || gone.Rdev != 0 {
			t.Fatal("what a layer takes away is no whiteout of an overlay")
		}
		value := make([]byte, 8)
		if size, err := unix.Lgetxattr(in(1, "var"), "trusted.overlay.opaque", value); err != nil || string(value[:size]) != "y" {
			t.Fatalf("a folder that hides what is below it is not opaque: %v", err)
		}
		// The upper layer has no entry for etc: it is as below.
		var etc unix.Stat_t
		must(t, unix.Lstat(in(1, "etc"), &etc))
		if etc.Mode&0o7777 != 0o751 || etc.Uid != 7 {
			t.Fatalf("mode %o, owner %d", etc.Mode&0o7777, etc.Uid)
		}
	}
}

func TestExportIsWhatCame(t *testing.T) {
	needRoot(t)
	layer := tarOf(t, folder("d", 0o755), file("d/a", "text"), entry{tar.Header{Typeflag: tar.TypeLink, Name: "d/b", Linkname: "d/a"}, ""},
		entry{tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "/d"}, ""}, file("l2", "x"))
	for _, packed := range []bool{false, true} {
		first, second := newStore(t), newStore(t)
		one := load(t, first, ociArchive(t, app, [][]byte{layer, tarOf(t, file("e", "more"))}, packed))
		var archive bytes.Buffer
		must(t, first.export(&archive, one))
		other := load(t, second, archive.Bytes())
		if other.Target.Digest != one.Target.Digest || other.Name != one.Name {
			t.Fatalf("%+v and %+v", other, one)
		}
	}
}

func TestOneLayerOnTwoOthers(t *testing.T) {
	needRoot(t)
	s := newStore(t)
	top := tarOf(t, file("etc/c", "third"))
	modes := map[string]uint32{}
	for name, mode := range map[string]int64{"localhost/one:1": 0o751, "localhost/two:1": 0o710} {
		base := tarOf(t, folder("etc", mode))
		// The second one finds what the first has left, as in an archive of both.
		one := load(t, s, ociArchive(t, name, [][]byte{base, top, top}, false))
		var etc unix.Stat_t
		must(t, unix.Lstat(s.path("layers", one.Layers[2].Directory, "fs", "etc"), &etc))
		modes[name] = etc.Mode & 0o7777
		if one.Layers[1].Directory == one.Layers[2].Directory {
			t.Error("a layer on two others is in one place")
		}
		if text, err := os.ReadFile(s.path("layers", one.Layers[2].Directory, "fs", "etc", "c")); err != nil || string(text) != "third" {
			t.Errorf("%q %v", text, err)
		}
		must(t, s.export(io.Discard, one))
	}
	if modes["localhost/one:1"] != 0o751 || modes["localhost/two:1"] != 0o710 {
		t.Errorf("%v", modes)
	}
}

func TestWhatAnImportHasLeftCountsForNothing(t *testing.T) {
	needRoot(t)
	s := newStore(t)
	layer := tarOf(t, file("a", "whole"))
	torn := s.path("layers", digest.FromBytes(layer).Encoded(), "fs")
	must(t, os.MkdirAll(torn, 0o700))
	one := load(t, s, ociArchive(t, app, [][]byte{layer}, false))
	if text, err := os.ReadFile(s.path("layers", one.Layers[0].Directory, "fs", "a")); err != nil || string(text) != "whole" {
		t.Errorf("%q %v", text, err)
	}
}

func TestDamagedArchivesLeaveNothing(t *testing.T) {
	needRoot(t)
	whole := ociArchive(t, app, [][]byte{tarOf(t, file("a", "text"))}, false)
	changed := bytes.Replace(whole, []byte("text"), []byte("tixt"), 1)
	for name, archive := range map[string][]byte{
		"cut off": whole[:len(whole)/2], "changed": changed, "no archive": []byte("nothing"), "empty": nil,
	} {
		s := newStore(t)
		if _, err := s.importArchive(context.Background(), bytes.NewReader(archive), "archive"); err == nil {
			t.Errorf("%s: no error", name)
		}
		if all, err := s.images(); err != nil || len(all) != 0 {
			t.Errorf("%s: %v %v", name, all, err)
		}
		must(t, s.tidy())
		for _, left := range []string{"incoming", "layers"} {
			if entries, _ := os.ReadDir(s.path(left)); len(entries) > 0 {
				t.Errorf("%s: %s has %d entries", name, left, len(entries))
			}
		}
	}
}

func TestWhatIsUsedStays(t *testing.T) {
	needRoot(t)
	s := newStore(t)
	one := load(t, s, ociArchive(t, app, [][]byte{tarOf(t, file("a", "old"))}, false))
	layer := s.path("layers", one.Layers[0].Directory)
	snapshot := filepath.Join(s.snapshots, "1")
	must(t, os.Mkdir(snapshot, 0o700))
	must(t, os.Symlink(filepath.Join(layer, "fs"), filepath.Join(snapshot, "fs")))
	// A newer image of that name, and then none.
	load(t, s, ociArchive(t, app, [][]byte{tarOf(t, file("a", "new"))}, false))
	must(t, s.remove([]string{app}))
	if _, err := os.Stat(layer); err != nil {
		t.Fatalf("what runs is gone: %v", err)
	}
	// Another node does not know of it, but by what this one wrote down.
	other := &store{root: s.root, node: "b", snapshots: filepath.Join(t.TempDir(), "none")}
	must(t, other.tidy())
	if _, err := os.Stat(layer); err != nil {
		t.Fatalf("what another node runs is gone: %v", err)
	}
	must(t, os.RemoveAll(snapshot))
	must(t, s.tidy())
	if entries, _ := os.ReadDir(s.path("layers")); len(entries) != 0 {
		t.Fatalf("%d layers are left", len(entries))
	}
}

func TestOnlyStoresOfGoneClustersGo(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"own", "recent", "held", "gone", "foreign"} {
		must(t, os.MkdirAll(filepath.Join(root, name, "users", "n"), 0o700))
		if name != "foreign" {
			must(t, os.WriteFile(filepath.Join(root, name, "lock"), []byte("x"), 0o600))
		}
	}
	old := unix.NsecToTimeval(1)
	age := func(name string) {
		for _, path := range []string{filepath.Join(root, name, "users", "n"), filepath.Join(root, name)} {
			must(t, unix.Utimes(path, []unix.Timeval{old, old}))
		}
	}
	alive, err := os.Create(filepath.Join(root, "held", "users", "n", "alive"))
	must(t, err)
	defer alive.Close()
	must(t, unix.Flock(int(alive.Fd()), unix.LOCK_SH))
	for _, name := range []string{"own", "held", "gone", "foreign"} {
		age(name)
	}
	must(t, tidyOthers(root, "own"))
	var system unix.Sysinfo_t
	must(t, unix.Sysinfo(&system))
	isYoung := system.Uptime < int64(forgottenAfter.Seconds())
	for name, stays := range map[string]bool{"own": true, "recent": true, "held": true, "gone": isYoung, "foreign": true} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != stays {
			t.Errorf("%s: stays %v, %v", name, stays, err)
		}
	}
}
