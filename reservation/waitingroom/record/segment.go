package record

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A log is a directory of segment files, each named after its first group:
//
//	0  16  "sunbeon record 1"
//	16 32  public key of the log
//	48  8  number of the first group
//	56  8  position of its first record
//	64  4  CRC-32C of bytes 0…63
//	68     groups, one after the other
const (
	segmentMagic  = "sunbeon record 1"
	segmentHeader = 68
	segmentSuffix = ".log"
)

// segment is one file of a log.
type segment struct {
	path  string
	group uint64 // number of the first
}

// start is what a segment's header says.
type start struct {
	key   ed25519.PublicKey
	group uint64
	first uint64
}

func (s start) encode() []byte {
	b := append(make([]byte, 0, segmentHeader), segmentMagic...)
	b = append(b, s.key...)
	b = binary.BigEndian.AppendUint64(b, s.group)
	b = binary.BigEndian.AppendUint64(b, s.first)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func parseStart(b []byte) (start, error) {
	if len(b) < segmentHeader || !bytes.HasPrefix(b, []byte(segmentMagic)) {
		return start{}, errors.New("not a segment of a record")
	}
	if crc32.Checksum(b[:segmentHeader-4], castagnoli) != binary.BigEndian.Uint32(b[segmentHeader-4:]) {
		return start{}, errors.New("checksum of the segment's header")
	}
	return start{
		key:   bytes.Clone(b[16:48]),
		group: binary.BigEndian.Uint64(b[48:]),
		first: binary.BigEndian.Uint64(b[56:]),
	}, nil
}

func segmentPath(dir string, group uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016d%s", group, segmentSuffix))
}

// segments lists the files of a log in order.
func segments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []segment
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), segmentSuffix)
		if !ok {
			continue
		}
		group, err := strconv.ParseUint(name, 10, 64)
		if path := segmentPath(dir, group); err != nil || path != filepath.Join(dir, entry.Name()) {
			return nil, fmt.Errorf("%w: %s is not the name of a segment", ErrCorrupt, entry.Name())
		}
		// A copy may lead to the files of another place. What waits for a writer,
		// as a pipe does, would never come to an end.
		if info, err := os.Stat(segmentPath(dir, group)); err != nil {
			return nil, err
		} else if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: %s is not a regular file", ErrCorrupt, entry.Name())
		}
		list = append(list, segment{path: segmentPath(dir, group), group: group})
	}
	slices.SortFunc(list, func(a, b segment) int { return cmp.Compare(a.group, b.group) })
	return list, nil
}

// createSegment makes a new file durable: its header, and its name in the
// directory.
func createSegment(dir string, s start) (*os.File, error) {
	file, err := os.OpenFile(segmentPath(dir, s.group), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(s.encode())
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
