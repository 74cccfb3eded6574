package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// The format is docs/interop/qcow2.rst of QEMU. Images with snapshots are read as their active state; those
// that need another file or a key are refused.

var qcow2Magic = []byte("QFI\xfb")

const (
	offsetMask        = 0x00fffffffffffe00
	compressedFlag    = 1 << 62
	zeroFlag          = 1
	sector            = 512
	dirtyFeature      = 1 << 0
	compressionType   = 1 << 3
	zlibCompression   = 0
	zstdCompression   = 1
	longestTable      = 32 << 20
	minClusterBits    = 9
	maxClusterBits    = 21
	zstdDecoderMemory = 64 << 20
)

type qcow2Header struct {
	Magic             [4]byte
	Version           uint32
	BackingFileOffset uint64
	BackingFileSize   uint32
	ClusterBits       uint32
	Size              uint64
	CryptMethod       uint32
	L1Size            uint32
	L1TableOffset     uint64
	_                 [24]byte
}

type qcow2 struct {
	source      *os.File
	header      qcow2Header
	cluster     int64
	compression byte
	decoder     *zstd.Decoder
}

func openQcow2(source *os.File) (*disk, error) {
	image := &qcow2{source: source}
	if err := binary.Read(io.NewSectionReader(source, 0, 72), binary.BigEndian, &image.header); err != nil {
		return nil, err
	}
	header := image.header
	switch {
	case header.Version != 2 && header.Version != 3:
		return nil, fmt.Errorf("qcow2 version %d is not known", header.Version)
	case header.BackingFileOffset != 0:
		return nil, errors.New("it is an overlay of another file")
	case header.CryptMethod != 0:
		return nil, errors.New("it is encrypted")
	case header.ClusterBits < minClusterBits || header.ClusterBits > maxClusterBits:
		return nil, fmt.Errorf("clusters of 2^%d bytes are not known", header.ClusterBits)
	case int64(header.L1Size)*8 > longestTable:
		return nil, errors.New("its first table is longer than any image needs")
	}
	if err := image.readFeatures(); err != nil {
		return nil, err
	}
	image.cluster = 1 << header.ClusterBits
	return &disk{size: int64(header.Size), pieces: image.pieces}, nil
}

func (q *qcow2) readFeatures() error {
	if q.header.Version < 3 {
		return nil
	}
	extra := make([]byte, 33)
	if _, err := q.source.ReadAt(extra, 72); err != nil {
		return err
	}
	incompatible := binary.BigEndian.Uint64(extra)
	if unknown := incompatible &^ (dirtyFeature | compressionType); unknown != 0 {
		return fmt.Errorf("it needs features that are not known (%#x)", unknown)
	}
	if incompatible&compressionType == 0 {
		return nil
	}
	q.compression = extra[32]
	if q.compression != zlibCompression && q.compression != zstdCompression {
		return fmt.Errorf("its compression %d is not known", q.compression)
	}
	return nil
}

func (q *qcow2) pieces(write func([]byte, int64) error) error {
	first, err := q.table(int64(q.header.L1TableOffset), int(q.header.L1Size))
	if err != nil {
		return err
	}
	perTable := q.cluster / 8
	for i, entry := range first {
		offset := int64(entry & offsetMask)
		if offset == 0 {
			continue
		}
		second, err := q.table(offset, int(perTable))
		if err != nil {
			return err
		}
		for j, entry := range second {
			at := (int64(i)*perTable + int64(j)) * q.cluster
			if at >= int64(q.header.Size) {
				break
			}
			content, err := q.read(entry)
			if err != nil {
				return fmt.Errorf("at byte %d: %w", at, err)
			}
			if content == nil {
				continue
			}
			if err := write(content, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *qcow2) table(offset int64, entries int) ([]uint64, error) {
	table := make([]uint64, entries)
	err := binary.Read(io.NewSectionReader(q.source, offset, int64(entries)*8), binary.BigEndian, table)
	return table, err
}

// read gives one cluster; nil means zeroes.
func (q *qcow2) read(entry uint64) ([]byte, error) {
	if entry&compressedFlag != 0 {
		return q.readCompressed(entry)
	}
	offset := int64(entry & offsetMask)
	if offset == 0 || (q.header.Version >= 3 && entry&zeroFlag != 0) {
		return nil, nil
	}
	content := make([]byte, q.cluster)
	// The last cluster of a file may be cut short where it is zero.
	if _, err := q.source.ReadAt(content, offset); err != nil && err != io.EOF {
		return nil, err
	}
	return content, nil
}

func (q *qcow2) readCompressed(entry uint64) ([]byte, error) {
	sizeShift := 62 - (q.header.ClusterBits - 8)
	offset := int64(entry & (1<<sizeShift - 1))
	sectors := int64(entry&(compressedFlag-1)>>sizeShift) + 1
	packed := make([]byte, sectors*sector-offset%sector)
	read, err := q.source.ReadAt(packed, offset)
	if err != nil && err != io.EOF {
		return nil, err
	}
	content := make([]byte, q.cluster)
	reader, err := q.decompress(packed[:read])
	if err != nil {
		return nil, err
	}
	_, err = io.ReadFull(reader, content)
	return content, err
}

// decompress reads one cluster; what lies behind it in its last sector belongs to others.
func (q *qcow2) decompress(packed []byte) (io.Reader, error) {
	if q.compression == zlibCompression {
		return flate.NewReader(bytes.NewReader(packed)), nil
	}
	if q.decoder == nil {
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdDecoderMemory))
		if err != nil {
			return nil, err
		}
		q.decoder = decoder
	}
	return q.decoder, q.decoder.Reset(bytes.NewReader(packed))
}
