package record

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"sunbeon/reservation/waitingroom/tree"
)

// A group on disk, integers big-endian:
//
//	  0  4  "SBgr"
//	  4  4  length of the records
//	  8  8  number of the group, from 0      ┐
//	 16  8  time, Unix seconds               │ the head:
//	 24  8  position of the first record     │ what is signed, and the
//	 32  4  count of records                 │ leaf of the log of groups
//	 36 32  root over the records            │
//	 68 32  root over all earlier groups     ┘
//	100 64  Ed25519 signature over "sunbeon group v1\n" and the head
//	164  4  CRC-32C of the records
//	168  4  CRC-32C of bytes 0…167
//	172     the records, each its length (unsigned LEB128) and its bytes
const (
	frameMagic   = "SBgr"
	headFrom     = 8
	headTo       = 100
	signatureTo  = 164
	frameHeader  = 172
	signedPrefix = "sunbeon group v1\n"
)

// The limits keep a damaged length from being taken for a group of gigabytes.
const (
	maxRecord       = 64 << 10
	maxGroupBytes   = 4 << 20
	maxGroupRecords = 1 << 16
	// maxSection is a full group and the record that filled it.
	maxSection = maxGroupBytes + maxRecord + binary.MaxVarintLen32
	maxFrame   = frameHeader + maxSection
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Head is the signed description of a commit group.
type Head struct {
	// Number of the group, from 0.
	Number uint64
	// TimeS is when it was committed, in Unix seconds.
	TimeS int64
	// First is the position of its first record, Count how many it has.
	First uint64
	Count uint32
	// Root is the RFC 6962 root over the records, Tree the one over the heads
	// of all earlier groups.
	Root, Tree tree.Hash
}

func (h *Head) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, h.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(h.TimeS))
	b = binary.BigEndian.AppendUint64(b, h.First)
	b = binary.BigEndian.AppendUint32(b, h.Count)
	b = append(b, h.Root[:]...)
	return append(b, h.Tree[:]...)
}

func parseHead(b []byte) Head {
	return Head{
		Number: binary.BigEndian.Uint64(b[0:]),
		TimeS:  int64(binary.BigEndian.Uint64(b[8:])),
		First:  binary.BigEndian.Uint64(b[16:]),
		Count:  binary.BigEndian.Uint32(b[24:]),
		Root:   tree.Hash(b[28:60]),
		Tree:   tree.Hash(b[60:92]),
	}
}

// Leaf is the hash under which the group stands in the log of groups.
func (h *Head) Leaf() tree.Hash { return tree.Leaf(h.append(nil)) }

func (h *Head) sign(key ed25519.PrivateKey) []byte {
	return ed25519.Sign(key, h.append([]byte(signedPrefix)))
}

func (h *Head) verify(key ed25519.PublicKey, signature []byte) error {
	if !ed25519.Verify(key, h.append([]byte(signedPrefix)), signature) {
		return fmt.Errorf("%w of group %d", ErrSignature, h.Number)
	}
	return nil
}

// fillHeader completes a frame whose records begin at frameHeader.
func fillHeader(frame []byte, head *Head, signature []byte) {
	records := frame[frameHeader:]
	b := append(frame[:0], frameMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(records)))
	b = head.append(b)
	b = append(b, signature...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(records, castagnoli))
	binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// header is the fixed part of a frame, taken apart.
type header struct {
	head      Head
	signature [ed25519.SignatureSize]byte
	length    int
	sum       uint32
}

// parseHeader reads the fixed part; false if it is not whole and intact.
func parseHeader(b []byte) (header, bool) {
	if len(b) < frameHeader || !bytes.HasPrefix(b, []byte(frameMagic)) ||
		crc32.Checksum(b[:frameHeader-4], castagnoli) != binary.BigEndian.Uint32(b[frameHeader-4:]) {
		return header{}, false
	}
	h := header{
		head:      parseHead(b[headFrom:headTo]),
		signature: [ed25519.SignatureSize]byte(b[headTo:signatureTo]),
		length:    int(binary.BigEndian.Uint32(b[4:])),
		sum:       binary.BigEndian.Uint32(b[signatureTo:]),
	}
	return h, h.length <= maxSection && h.head.Count <= maxGroupRecords
}

// records appends the records of the section to into, which they alias.
func (h *header) records(section []byte, into [][]byte) ([][]byte, error) {
	if crc32.Checksum(section, castagnoli) != h.sum {
		return nil, fmt.Errorf("checksum of the records of group %d", h.head.Number)
	}
	for len(section) > 0 {
		length, n := binary.Uvarint(section)
		// One encoding only: no checksum that anybody can mend decides.
		if n <= 0 || n > 1 && section[n-1] == 0 || length > uint64(len(section)-n) {
			return nil, fmt.Errorf("length of a record of group %d", h.head.Number)
		}
		into = append(into, section[n:n+int(length)])
		section = section[n+int(length):]
	}
	if len(into) != int(h.head.Count) {
		return nil, fmt.Errorf("group %d has %d records of %d", h.head.Number, len(into), h.head.Count)
	}
	return into, nil
}
