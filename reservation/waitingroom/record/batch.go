package record

import (
	"context"
	"encoding/binary"
	"time"

	"sunbeon/reservation/waitingroom/tree"
)

// batch is a group in the making, and, once committed, what is needed to prove
// its records without reading them back.
type batch struct {
	first uint64
	// frame is the group as it will be written: room for the header, then the
	// records. ends[i] is where record i ends.
	frame []byte
	ends  []uint32
	// closed batches take no more records. All fields above are guarded by the
	// log's mutex until then.
	closed bool
	// due batches are written as soon as the writer can, the others after their
	// lull, which is short for those that are awaited. Guarded by the log's mutex.
	due, awaited bool
	lull         *time.Timer

	head      Head
	signature []byte
	tree      *tree.Tree
	// done is closed when the batch is durable or has failed with err.
	done chan struct{}
	err  error
}

func newBatch(first uint64) *batch {
	return &batch{first: first, frame: make([]byte, frameHeader, 4096), done: make(chan struct{})}
}

func (b *batch) add(record []byte) {
	b.frame = binary.AppendUvarint(b.frame, uint64(len(record)))
	b.frame = append(b.frame, record...)
	b.ends = append(b.ends, uint32(len(b.frame)))
}

func (b *batch) full() bool {
	return len(b.ends) == maxGroupRecords || len(b.frame) >= maxGroupBytes
}

// record returns the bytes of record i.
func (b *batch) record(i int) []byte {
	from := uint32(frameHeader)
	if i > 0 {
		from = b.ends[i-1]
	}
	framed := b.frame[from:b.ends[i]]
	_, n := binary.Uvarint(framed)
	return framed[n:]
}

// wait returns when the batch is durable, has failed, or ctx has ended.
func (b *batch) wait(ctx context.Context) error {
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash builds the tree over the records.
func (b *batch) hash() {
	leaves := make([]tree.Hash, len(b.ends))
	for i := range leaves {
		leaves[i] = tree.Leaf(b.record(i))
	}
	b.tree = tree.New(leaves)
}

// recent keeps the latest committed batches, because nearly everybody asks for
// the receipt right after the record.
type recent struct {
	batches []*batch
	records int
}

// recentRecords bounds what is kept: about 6 MB of hashes and records.
const recentRecords = 1 << 16

func (r *recent) add(b *batch) {
	r.batches = append(r.batches, b)
	r.records += len(b.ends)
	for r.records > recentRecords && len(r.batches) > 1 {
		r.records -= len(r.batches[0].ends)
		r.batches[0] = nil
		r.batches = r.batches[1:]
	}
}

// at returns the batch that holds a position, or nil.
func (r *recent) at(position uint64) *batch {
	for i := len(r.batches) - 1; i >= 0; i-- {
		b := r.batches[i]
		if position >= b.first {
			if position < b.first+uint64(len(b.ends)) {
				return b
			}
			return nil
		}
	}
	return nil
}
