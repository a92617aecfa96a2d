package record

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"sunbeon/reservation/waitingroom/tree"
)

// Receipt is evidence that a record is in the log: its Merkle path to the root
// of a signed group, and the root over all groups before. In JSON the binary
// fields are base64. A receipt from a [Log] shares its memory and must not be
// changed.
type Receipt struct {
	Record []byte `json:"record"`
	// Group, TimeS, First, Count, Root and Tree are the group's [Head]; Index
	// is the record's place in the group.
	Group     uint64   `json:"group"`
	TimeS     int64    `json:"time_s"`
	First     uint64   `json:"first"`
	Count     uint32   `json:"count"`
	Index     uint32   `json:"index"`
	Path      [][]byte `json:"path"`
	Root      []byte   `json:"root"`
	Tree      []byte   `json:"tree"`
	Signature []byte   `json:"signature"`
}

// AppendJSON appends what [encoding/json] would make of the receipt, at a
// fraction of the cost: every person who joins gets one.
func (r *Receipt) AppendJSON(b []byte) []byte {
	b = appendBase64(append(b, `{"record":`...), r.Record)
	b = strconv.AppendUint(append(b, `,"group":`...), r.Group, 10)
	b = strconv.AppendInt(append(b, `,"time_s":`...), r.TimeS, 10)
	b = strconv.AppendUint(append(b, `,"first":`...), r.First, 10)
	b = strconv.AppendUint(append(b, `,"count":`...), uint64(r.Count), 10)
	b = strconv.AppendUint(append(b, `,"index":`...), uint64(r.Index), 10)
	b = append(b, `,"path":[`...)
	for i, hash := range r.Path {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendBase64(b, hash)
	}
	b = appendBase64(append(b, `],"root":`...), r.Root)
	b = appendBase64(append(b, `,"tree":`...), r.Tree)
	b = appendBase64(append(b, `,"signature":`...), r.Signature)
	return append(b, '}')
}

func appendBase64(b, raw []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), raw), '"')
}

// Head returns the group head the receipt cites.
func (r *Receipt) Head() (Head, error) {
	if len(r.Root) != len(tree.Hash{}) || len(r.Tree) != len(tree.Hash{}) {
		return Head{}, errors.New("receipt: roots are not 32 bytes long")
	}
	return Head{
		Number: r.Group, TimeS: r.TimeS, First: r.First, Count: r.Count,
		Root: tree.Hash(r.Root), Tree: tree.Hash(r.Tree),
	}, nil
}

// Verify checks that the owner of key has signed a group with this record in
// it.
func (r *Receipt) Verify(key ed25519.PublicKey) error {
	head, err := r.Head()
	if err != nil {
		return err
	}
	leaf := tree.Leaf(r.Record)
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(r.Index), uint64(r.Count), leaf[:], r.Path, r.Root)
	if err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	if err := head.verify(key, r.Signature); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	return nil
}

// Prove waits like [Log.Wait] and proves the record at position.
func (l *Log) Prove(ctx context.Context, position uint64) (Receipt, error) {
	b, err := l.pendingAt(position)
	if err != nil {
		return Receipt{}, err
	}
	if b == nil {
		return l.Receipt(position)
	}
	if err := b.wait(ctx); err != nil {
		return Receipt{}, err
	}
	return b.receipt(int(position - b.first))
}

// Receipt proves the record at a durable position. The error wraps
// [ErrNotFound] if it is not durable (yet).
func (l *Log) Receipt(position uint64) (Receipt, error) {
	b, err := l.committed(position)
	if err != nil {
		return Receipt{}, err
	}
	return b.receipt(int(position - b.first))
}

// Find proves the first record at or after position from that match accepts.
// It reads at most [findGroups] groups, so from should be close.
func (l *Log) Find(from uint64, match func(record []byte) bool) (Receipt, error) {
	for range findGroups {
		b, err := l.committed(from)
		if err != nil {
			return Receipt{}, err
		}
		for i := int(from - b.first); i < len(b.ends); i++ {
			if match(b.record(i)) {
				return b.receipt(i)
			}
		}
		from = b.first + uint64(len(b.ends))
	}
	return Receipt{}, fmt.Errorf("%w in %d groups up to position %d", ErrNotFound, findGroups, from)
}

const findGroups = 4096

// committed returns the durable batch that holds position, from memory or from
// disk.
func (l *Log) committed(position uint64) (*batch, error) {
	l.mu.Lock()
	if position >= l.durable.Load() {
		l.mu.Unlock()
		return nil, fmt.Errorf("%w: position %d is not durable", ErrNotFound, position)
	}
	if b := l.recent.at(position); b != nil {
		l.mu.Unlock()
		return b, nil
	}
	i := sort.Search(len(l.groups), func(i int) bool { return l.groups[i].first > position }) - 1
	at := l.groups[i].place
	l.mu.Unlock()
	return l.shelf.fetch(position, at)
}

// readBatch reads one group back.
func readBatch(at place) (*batch, error) {
	file, err := os.Open(at.path)
	if err != nil {
		return nil, fmt.Errorf("read group: %w", err)
	}
	defer file.Close()
	frame := make([]byte, frameHeader)
	if _, err := file.ReadAt(frame, at.offset); err != nil {
		return nil, fmt.Errorf("read group: %w", err)
	}
	h, intact := parseHeader(frame)
	if !intact {
		return nil, fmt.Errorf("%w: %s at byte %d", ErrCorrupt, at.path, at.offset)
	}
	frame = slices.Grow(frame, h.length)[:frameHeader+h.length]
	if _, err := file.ReadAt(frame[frameHeader:], at.offset+frameHeader); err != nil {
		return nil, fmt.Errorf("read group: %w", err)
	}
	records, err := h.records(frame[frameHeader:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	b := &batch{first: h.head.First, head: h.head, signature: h.signature[:], frame: slices.Clone(frame[:frameHeader])}
	for _, r := range records {
		b.add(r)
	}
	b.hash()
	return b, nil
}

func (b *batch) receipt(i int) (Receipt, error) {
	path, err := b.tree.Path(i)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{
		Record: b.record(i),
		Group:  b.head.Number, TimeS: b.head.TimeS, First: b.head.First,
		Count: b.head.Count, Index: uint32(i), Path: path,
		Root: b.head.Root[:], Tree: b.head.Tree[:], Signature: b.signature,
	}, nil
}
