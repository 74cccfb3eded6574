package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/pkg/archive/compression"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ingest is the content store that containerd's reader of archives writes to. Documents are kept as files; a layer is
// unpacked while it is written. Of a plain one no copy is kept but its first bytes, which say what it is.
type ingest struct {
	content.Store
	directory string
	lock      sync.Mutex
	layers    map[digest.Digest]*layer
}

func newIngest(directory string) (*ingest, error) {
	documents, err := local.NewStore(filepath.Join(directory, "content"))
	if err != nil {
		return nil, err
	}
	return &ingest{Store: documents, directory: directory, layers: map[digest.Digest]*layer{}}, nil
}

// file is where a document or a compressed layer is.
func (i *ingest) file(of digest.Digest) string {
	return filepath.Join(i.directory, "content", "blobs", of.Algorithm().String(), of.Encoded())
}

func (i *ingest) layer(of digest.Digest) (*layer, error) {
	i.lock.Lock()
	defer i.lock.Unlock()
	found, ok := i.layers[of]
	if !ok {
		return nil, fmt.Errorf("layer %s: not found", of)
	}
	return found, found.failure
}

func (i *ingest) hasDocument(ctx context.Context, of digest.Digest) bool {
	_, err := i.Store.Info(ctx, of)
	return err == nil
}

func (i *ingest) ReaderAt(ctx context.Context, of ocispec.Descriptor) (content.ReaderAt, error) {
	i.lock.Lock()
	found := i.layers[of.Digest]
	i.lock.Unlock()
	if found != nil && !found.isCompressed {
		return &headReader{head: found.head}, nil
	}
	return i.Store.ReaderAt(ctx, of)
}

func (i *ingest) Writer(_ context.Context, options ...content.WriterOpt) (content.Writer, error) {
	var wanted content.WriterOpts
	for _, option := range options {
		if err := option(&wanted); err != nil {
			return nil, err
		}
	}
	return &blobWriter{ingest: i, options: options, ref: wanted.Ref, digester: digest.Canonical.Digester(), begun: time.Now()}, nil
}

// headReader gives the first bytes of a layer that is not there any more.
type headReader struct {
	head []byte
}

func (h *headReader) ReadAt(into []byte, at int64) (int, error) {
	if at >= int64(len(h.head)) {
		return 0, io.EOF
	}
	count := copy(into, h.head[at:])
	if count < len(into) {
		return count, io.EOF
	}
	return count, nil
}

func (h *headReader) Size() int64  { return int64(len(h.head)) }
func (h *headReader) Close() error { return nil }

// headBytes are enough to know a document, a compressed stream and an archive by.
const headBytes = 1024

// blobWriter finds out by the first bytes what it is given.
type blobWriter struct {
	ingest   *ingest
	options  []content.WriterOpt
	ref      string
	head     []byte
	offset   int64
	digester digest.Digester
	begun    time.Time
	// document is where what is no layer, or a compressed one, is written to.
	document content.Writer
	unpacked *unpacking
}

func (w *blobWriter) Write(bytes []byte) (int, error) {
	w.digester.Hash().Write(bytes)
	w.offset += int64(len(bytes))
	if w.document == nil && w.unpacked == nil {
		w.head = append(w.head, bytes...)
		if len(w.head) < headBytes {
			return len(bytes), nil
		}
		return len(bytes), w.decide()
	}
	return len(bytes), w.pass(bytes)
}

func (w *blobWriter) pass(bytes []byte) error {
	if w.document != nil {
		if _, err := w.document.Write(bytes); err != nil {
			return err
		}
	}
	if w.unpacked != nil {
		return w.unpacked.write(bytes)
	}
	return nil
}

func (w *blobWriter) decide() error {
	isCompressed := compression.DetectCompression(w.head) != compression.Uncompressed
	isLayer := isCompressed || isTar(w.head)
	if !isLayer || isCompressed {
		document, err := w.ingest.Store.Writer(context.Background(), w.options...)
		if err != nil {
			return err
		}
		w.document = document
	}
	if isLayer {
		unpacked, err := unpack(w.ingest.directory, isCompressed)
		if err != nil {
			return err
		}
		w.unpacked = unpacked
	}
	head := w.head
	w.head = w.head[:min(len(w.head), headBytes)]
	return w.pass(head)
}

func (w *blobWriter) Commit(ctx context.Context, size int64, expected digest.Digest, options ...content.Opt) error {
	if w.document == nil && w.unpacked == nil {
		if err := w.decide(); err != nil {
			return err
		}
	}
	if size > 0 && size != w.offset {
		return fmt.Errorf("unexpected EOF: %d bytes of %d: %w", w.offset, size, errdefs.ErrFailedPrecondition)
	}
	if w.unpacked != nil {
		found := w.unpacked.finish()
		found.head = w.head
		w.ingest.lock.Lock()
		w.ingest.layers[w.Digest()] = found
		w.ingest.lock.Unlock()
	}
	if w.document == nil {
		return nil
	}
	return w.document.Commit(ctx, size, expected, options...)
}

func (w *blobWriter) Close() error {
	if w.unpacked != nil {
		w.unpacked.abort()
	}
	if w.document == nil {
		return nil
	}
	return w.document.Close()
}

func (w *blobWriter) Digest() digest.Digest { return w.digester.Digest() }

func (w *blobWriter) Status() (content.Status, error) {
	return content.Status{Ref: w.ref, Offset: w.offset, StartedAt: w.begun, UpdatedAt: time.Now()}, nil
}

func (w *blobWriter) Truncate(size int64) error {
	if size != 0 || w.offset != 0 {
		return errdefs.ErrNotImplemented
	}
	return nil
}
