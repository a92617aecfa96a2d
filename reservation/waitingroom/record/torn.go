package record

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// sector is the unit in which a disk writes at once.
const sector = 512

// damaged decides what an unreadable group at the end of what was read is: the
// unacknowledged remains of a crash, or damage to something acknowledged.
func (f *scanned) damaged(file *os.File, reason error) error {
	rest, err := readFrom(file, f.size)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	torn := len(rest) <= maxFrame && isTorn(rest, f.size, f.groups.Size())
	return f.tail(file, f.path, f.size, torn, reason)
}

func (f *scanned) tail(file *os.File, path string, offset int64, torn bool, reason error) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	return &tailError{path: path, offset: offset, bytes: info.Size() - offset, torn: torn, reason: reason}
}

// isTorn reports whether rest, the bytes of a file from offset on, can be what
// a crash leaves of the one group that was being written: its first bytes, or
// sectors that were never written and read as zeros. A group that is all there
// but does not match its checksums, and one that whole groups follow, had been
// acknowledged.
func isTorn(rest []byte, offset int64, expected uint64) bool {
	if laterGroup(rest, expected) {
		return false
	}
	h, intact := parseHeader(rest)
	if intact && h.head.Number == expected && len(rest) < frameHeader+h.length {
		return true
	}
	return len(rest) < frameHeader && beginsFrame(rest) || hasUnwritten(rest, offset)
}

// beginsFrame reports whether a few bytes can be the begin of a group that was
// being written, as far as it reached the disk; anything else was put there.
func beginsFrame(rest []byte) bool {
	for i := range min(len(rest), len(frameMagic)) {
		if rest[i] != frameMagic[i] && rest[i] != 0 {
			return false
		}
	}
	return true
}

// laterGroup looks for the intact header of a group after the expected one.
func laterGroup(rest []byte, expected uint64) bool {
	for i := 0; ; i++ {
		next := bytes.Index(rest[i:], []byte(frameMagic))
		if next < 0 {
			return false
		}
		i += next
		if h, intact := parseHeader(rest[i:]); intact && h.head.Number > expected {
			return true
		}
	}
}

// hasUnwritten looks for a sector of which the part in rest is all zeros.
func hasUnwritten(rest []byte, offset int64) bool {
	for len(rest) > 0 {
		n := min(sector-int(offset%sector), len(rest))
		if n >= 16 && allZero(rest[:n]) {
			return true
		}
		rest, offset = rest[n:], offset+int64(n)
	}
	return false
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// readFrom reads what is left of a file: more than the largest group, where
// that is more than a crash can leave.
func readFrom(file *os.File, offset int64) ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(file, offset, maxFrame+1))
}
