package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/images/archive"
	"github.com/containerd/containerd/v2/pkg/archive/compression"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

// importArchive reads an archive into the store: each layer is unpacked while it comes, and written nowhere else. It gives
// the images that have a name. What is cut off leaves nothing that counts.
func (s *store) importArchive(ctx context.Context, from io.Reader, loaded string) ([]image, error) {
	// What an import has left that was cut off, by a power cut too, is not taken for a layer.
	if err := s.tidy(); err != nil {
		return nil, err
	}
	work, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer work.end()
	plain, err := compression.DecompressStream(from)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	incoming, err := newIngest(work.directory)
	if err != nil {
		return nil, err
	}
	index, err := archive.ImportIndex(ctx, incoming, plain)
	if err != nil {
		return nil, err
	}
	// A sender that is not read to its end takes it for a failure.
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return nil, err
	}
	found, err := namesOf(ctx, incoming, index)
	if err != nil {
		return nil, err
	}
	var all []image
	err = s.locked(func() error {
		for _, one := range found {
			published, err := s.publish(ctx, incoming, one, loaded)
			if err != nil {
				return err
			}
			all = append(all, published)
		}
		if err := s.sync(); err != nil {
			return err
		}
		for _, one := range all {
			if err := s.put(one); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// transfer is a folder for what is being imported, which nobody else deletes meanwhile.
type transfer struct {
	directory string
	alive     *os.File
}

func (s *store) begin() (*transfer, error) {
	var begun *transfer
	err := s.locked(func() error {
		if err := os.MkdirAll(s.path("incoming"), 0o700); err != nil {
			return err
		}
		directory, err := os.MkdirTemp(s.path("incoming"), "")
		if err != nil {
			return err
		}
		alive, err := os.Create(directory + "/alive")
		if err != nil {
			return err
		}
		begun = &transfer{directory: directory, alive: alive}
		return unix.Flock(int(alive.Fd()), unix.LOCK_SH)
	})
	return begun, err
}

func (t *transfer) end() {
	os.RemoveAll(t.directory)
	t.alive.Close()
}

type namedTarget struct {
	name   string
	target ocispec.Descriptor
}

// namesOf gives the images of an archive that have a name, by the rules of "ctr images import"; a tag alone is none.
func namesOf(ctx context.Context, blobs content.Provider, index ocispec.Descriptor) ([]namedTarget, error) {
	text, err := content.ReadBlob(ctx, blobs, index)
	if err != nil {
		return nil, err
	}
	var list ocispec.Index
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("its index is damaged: %w", err)
	}
	var found []namedTarget
	for _, target := range list.Manifests {
		name := target.Annotations[images.AnnotationImageName]
		if reference := target.Annotations[ocispec.AnnotationRefName]; name == "" && strings.ContainsAny(reference, "/:@") {
			name = reference
		}
		if name == "" {
			continue
		}
		target.Annotations = nil
		found = append(found, namedTarget{name: name, target: target})
	}
	return found, nil
}

// publish moves what an image is made of to its place. The lock is held.
func (s *store) publish(ctx context.Context, incoming *ingest, from namedTarget, loaded string) (image, error) {
	one := image{Name: from.name, Loaded: loaded, Target: from.target}
	manifest, err := images.Manifest(ctx, incoming, from.target, platforms.Default())
	if err != nil {
		return one, fmt.Errorf("%s: %w", from.name, err)
	}
	one.Config = manifest.Config.Digest
	text, err := content.ReadBlob(ctx, incoming, manifest.Config)
	if err != nil {
		return one, err
	}
	var config ocispec.Image
	if err := json.Unmarshal(text, &config); err != nil {
		return one, fmt.Errorf("the configuration of %s is damaged: %w", from.name, err)
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return one, fmt.Errorf("%s has %d layers, and %d in its configuration", from.name, len(manifest.Layers), len(config.RootFS.DiffIDs))
	}
	for at, descriptor := range manifest.Layers {
		layer, err := incoming.layer(descriptor.Digest)
		if err != nil {
			return one, err
		}
		if layer.diffID != config.RootFS.DiffIDs[at] {
			return one, fmt.Errorf("layer %s: its digest is not that of the configuration", descriptor.Digest)
		}
		chain := identity.ChainID(slices.Clone(config.RootFS.DiffIDs[:at+1]))
		below := make([]string, at)
		for index, other := range one.Layers {
			below[at-1-index] = s.path("layers", other.Directory, "fs")
		}
		directory, err := layer.place(s, chain, below)
		if err != nil {
			return one, err
		}
		one.Layers = append(one.Layers, layerOfImage{Descriptor: descriptor, Chain: chain, Directory: directory})
		if layer.isCompressed {
			if err := s.keepBlob(incoming, descriptor.Digest); err != nil {
				return one, err
			}
		}
	}
	one.Blobs, err = documentsOf(ctx, incoming, from.target)
	if err != nil {
		return one, err
	}
	for _, blob := range one.Blobs {
		if err := s.keepBlob(incoming, blob.Digest); err != nil {
			return one, err
		}
	}
	return one, nil
}

// documentsOf gives the index, manifests and configurations of an image as far as the archive has them.
func documentsOf(ctx context.Context, incoming *ingest, target ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	var found []ocispec.Descriptor
	collect := images.HandlerFunc(func(ctx context.Context, one ocispec.Descriptor) ([]ocispec.Descriptor, error) {
		if images.IsLayerType(one.MediaType) || !incoming.hasDocument(ctx, one.Digest) {
			return nil, images.ErrSkipDesc
		}
		found = append(found, one)
		return images.Children(ctx, incoming, one)
	})
	err := images.Walk(ctx, collect, target)
	return found, err
}

// keepBlob copies by a hard link: several images of an archive may share it.
func (s *store) keepBlob(incoming *ingest, of digest.Digest) error {
	to := s.blob(of)
	if err := os.MkdirAll(s.path("blobs", of.Algorithm().String()), 0o700); err != nil {
		return err
	}
	if err := os.Link(incoming.file(of), to); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// sync brings all that was written to the disk, so that a power cut leaves no image that is there by half.
func (s *store) sync() error {
	folder, err := os.Open(s.root)
	if err != nil {
		return err
	}
	defer folder.Close()
	return unix.Syncfs(int(folder.Fd()))
}
