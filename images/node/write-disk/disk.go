package main

import (
	"bytes"
	"io"
	"os"
)

// disk gives the contents of a virtual disk, piece by piece.
type disk struct {
	size int64
	// pieces calls back with everything that is not zero by definition.
	pieces func(write func(content []byte, at int64) error) error
}

const rawPiece = 1 << 20

func openDisk(source *os.File) (*disk, error) {
	magic := make([]byte, 4)
	if _, err := source.ReadAt(magic, 0); err != nil {
		return nil, err
	}
	if bytes.Equal(magic, qcow2Magic) {
		return openQcow2(source)
	}
	return openRaw(source)
}

func openRaw(source *os.File) (*disk, error) {
	info, err := source.Stat()
	if err != nil {
		return nil, err
	}
	pieces := func(write func([]byte, int64) error) error {
		buffer := make([]byte, rawPiece)
		for at := int64(0); at < info.Size(); at += rawPiece {
			read, err := source.ReadAt(buffer, at)
			if err != nil && err != io.EOF {
				return err
			}
			if err := write(buffer[:read], at); err != nil {
				return err
			}
		}
		return nil
	}
	return &disk{size: info.Size(), pieces: pieces}, nil
}

// copyTo leaves zeroes out: the target is a file of holes.
func (d *disk) copyTo(target io.WriterAt) error {
	return d.pieces(func(content []byte, at int64) error {
		if isZero(content) {
			return nil
		}
		if rest := d.size - at; int64(len(content)) > rest {
			content = content[:rest]
		}
		_, err := target.WriteAt(content, at)
		return err
	})
}

func isZero(content []byte) bool {
	return len(bytes.TrimLeft(content, "\x00")) == 0
}
