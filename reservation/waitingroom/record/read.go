package record

import (
	"bufio"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"

	"sunbeon/reservation/waitingroom/tree"
)

// Group is one commit group as read back. Records is valid during the call it
// is handed to.
type Group struct {
	Head
	Signature [ed25519.SignatureSize]byte
	// Key is the public key its segment names.
	Key     ed25519.PublicKey
	Records [][]byte
}

// Verify recomputes the root and checks the signature against the key the
// caller trusts. That groups follow each other was checked in reading.
func (g *Group) Verify(key ed25519.PublicKey) error {
	var records tree.Frontier
	for _, r := range g.Records {
		records.Add(tree.Leaf(r))
	}
	if records.Root() != g.Root {
		return fmt.Errorf("%w: group %d: root over the records", ErrCorrupt, g.Number)
	}
	return g.verify(key, g.Signature[:])
}

// Read streams the groups of a directory, oldest first, without a lock: the
// log may be growing meanwhile. A group still being written ends it without
// error; unfinished is how many bytes of it there are. Checksums, order and the
// roots over earlier groups are checked; [Group.Verify] does the rest. The
// error is each's own or wraps [ErrCorrupt].
func Read(dir string, each func(*Group) error) (unfinished int64, err error) {
	_, err = scan(dir, func(g *Group, _ place) error { return each(g) })
	if tail := (*tailError)(nil); errors.As(err, &tail) && tail.torn {
		return tail.bytes, nil
	}
	return 0, err
}

// place is where a group stands on disk.
type place struct {
	path   string
	offset int64
}

// scanned is what a scan found.
type scanned struct {
	groups    tree.Frontier // over the heads
	positions uint64
	lastTimeS int64
	// path and size are of the last segment, up to the end of its last intact
	// group; path is empty if there is none.
	path string
	size int64
}

// tailError says that the last segment does not end with a whole group.
type tailError struct {
	path   string
	offset int64
	bytes  int64 // from offset to the end of the file
	torn   bool  // by a crash, as opposed to damaged
	reason error
}

func (e *tailError) Error() string {
	return fmt.Sprintf("%v: %s at byte %d: %v", ErrCorrupt, e.path, e.offset, e.reason)
}

func (e *tailError) Unwrap() error { return ErrCorrupt }

// scan reads all groups in order. A last segment that ends within a group
// gives a *tailError beside what came before it.
func scan(dir string, each func(*Group, place) error) (scanned, error) {
	var found scanned
	list, err := segments(dir)
	if err != nil {
		return found, fmt.Errorf("read record: %w", err)
	}
	for i, s := range list {
		err := found.segment(s, each)
		if tail := (*tailError)(nil); errors.As(err, &tail) && i < len(list)-1 {
			// Only the file being written can be torn: the next one is made
			// after the last group of this one was synced.
			tail.torn = false
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// segment reads the groups of one file.
func (f *scanned) segment(s segment, each func(*Group, place) error) error {
	file, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)

	head := make([]byte, segmentHeader)
	n, err := io.ReadFull(in, head)
	if err != nil {
		// A crash between creating the file and syncing its header.
		return f.tail(file, s.path, 0, true, fmt.Errorf("header of %d bytes: %w", n, err))
	}
	from, err := parseStart(head)
	if err != nil {
		return f.tail(file, s.path, 0, allZero(head), err)
	}
	if from.group != s.group || from.group != f.groups.Size() || from.first != f.positions {
		return fmt.Errorf("%w: %s begins with group %d at position %d, expected group %d at position %d",
			ErrCorrupt, s.path, from.group, from.first, f.groups.Size(), f.positions)
	}
	f.path, f.size = s.path, segmentHeader
	g := Group{Key: from.key}
	var section []byte
	head = make([]byte, frameHeader)
	for {
		n, err := io.ReadFull(in, head)
		if err == io.EOF {
			return nil
		}
		h, intact := parseHeader(head)
		if err != nil || !intact {
			return f.damaged(file, fmt.Errorf("header of group %d (%d bytes)", f.groups.Size(), n))
		}
		section = resize(section, h.length)
		if _, err := io.ReadFull(in, section); err != nil {
			return f.damaged(file, fmt.Errorf("records of group %d: %w", f.groups.Size(), err))
		}
		g.Head, g.Signature = h.head, h.signature
		if g.Records, err = h.records(section, g.Records[:0]); err != nil {
			return f.damaged(file, err)
		}
		if err := f.follows(&g); err != nil {
			return fmt.Errorf("%w: %s at byte %d: %w", ErrCorrupt, s.path, f.size, err)
		}
		if err := each(&g, place{path: s.path, offset: f.size}); err != nil {
			return err
		}
		f.groups.Add(g.Leaf())
		f.positions += uint64(g.Count)
		f.lastTimeS = g.TimeS
		f.size += frameHeader + int64(h.length)
	}
}

// follows checks that a group continues those before it.
func (f *scanned) follows(g *Group) error {
	switch {
	case g.Number != f.groups.Size():
		return fmt.Errorf("group %d where group %d should be", g.Number, f.groups.Size())
	case g.First != f.positions:
		return fmt.Errorf("group %d begins at position %d, expected %d", g.Number, g.First, f.positions)
	case g.TimeS < f.lastTimeS:
		return fmt.Errorf("group %d is %d s older than the one before", g.Number, f.lastTimeS-g.TimeS)
	case g.Tree != f.groups.Root():
		return fmt.Errorf("group %d does not continue the groups before it", g.Number)
	}
	return nil
}

func resize(b []byte, length int) []byte {
	if cap(b) < length {
		return make([]byte, length)
	}
	return b[:length]
}
