package main

import (
	"archive/tar"
	"encoding/json"
	"io"
	"os"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// export writes an image as an OCI archive, with the digests that it came with.
func (s *store) export(to io.Writer, one image) error {
	archive := tar.NewWriter(to)
	if err := writeJSON(archive, ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion}); err != nil {
		return err
	}
	written := map[digest.Digest]bool{}
	write := func(blob ocispec.Descriptor, content func(io.Writer) error) error {
		if written[blob.Digest] {
			return nil
		}
		written[blob.Digest] = true
		header := &tar.Header{Name: blobName(blob.Digest), Mode: 0o444, Size: blob.Size}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		return content(archive)
	}
	for _, blob := range one.Blobs {
		if err := write(blob, s.fileOf(blob.Digest)); err != nil {
			return err
		}
	}
	for _, layer := range one.Layers {
		content := s.fileOf(layer.Descriptor.Digest)
		if _, err := os.Stat(s.blob(layer.Descriptor.Digest)); err != nil {
			content = func(to io.Writer) error { return writeArchive(s.path("layers", layer.Directory), to) }
		}
		if err := write(layer.Descriptor, content); err != nil {
			return err
		}
	}
	target := one.Target
	target.Annotations = map[string]string{images.AnnotationImageName: one.Name, ocispec.AnnotationRefName: one.Name}
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{target}}
	if err := writeJSON(archive, ocispec.ImageIndexFile, index); err != nil {
		return err
	}
	return archive.Close()
}

func blobName(of digest.Digest) string {
	return ocispec.ImageBlobsDir + "/" + of.Algorithm().String() + "/" + of.Encoded()
}

func (s *store) fileOf(of digest.Digest) func(io.Writer) error {
	return func(to io.Writer) error {
		file, err := os.Open(s.blob(of))
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(to, file)
		return err
	}
}

func writeJSON(to *tar.Writer, name string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if err := to.WriteHeader(&tar.Header{Name: name, Mode: 0o444, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err = to.Write(text)
	return err
}
