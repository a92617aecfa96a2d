package waitingroom

import (
	"fmt"
	"math"
	"sort"

	"sunbeon/reservation/waitingroom/tree"
)

// A journal position is remembered for one ticket in anchorEvery, and for the
// first that is anchorSpan positions after the last one remembered: in the late
// evening few tickets lie among many passes and bookings. To remember every
// ticket's would cost each waiting person another eight bytes for a receipt
// hardly anybody asks for twice.
const (
	anchorEvery = 64
	anchorSpan  = 512
)

// anchor is where the record of a ticket is.
type anchor struct {
	seq      uint32
	position uint64
}

// line is the people in order of arrival and where their tickets are in the
// journal.
type line struct {
	index
	anchors chunked[anchor]
	// last is the position of the latest ticket.
	last uint64
}

func (l *line) append(tag *Tag, position uint64) uint32 {
	seq := l.add(tag)
	if n := l.anchors.length; n == 0 || l.anchors.at(n-1).isFar(seq, position) {
		l.anchors.push(anchor{seq, position})
	}
	l.last = position
	return seq
}

func (a *anchor) isFar(seq uint32, position uint64) bool {
	return seq-a.seq >= anchorEvery || position-a.position >= anchorSpan
}

// after is the number of the first anchor after seq.
func (l *line) after(seq uint32) int {
	return sort.Search(l.anchors.length, func(i int) bool { return l.anchors.at(i).seq > seq })
}

// anchor is a position less than anchorSpan before that of seq, or seq's own.
func (l *line) anchor(seq uint32) uint64 { return l.anchors.at(l.after(seq) - 1).position }

// bound is a position at or after that of seq, at most anchorEvery tickets
// later.
func (l *line) bound(seq uint32) uint64 {
	if next := l.after(seq); next < l.anchors.length {
		return l.anchors.at(next).position
	}
	return l.last
}

// Join gives a person their place: the next arrival number, or the one they
// already have. Only a new place writes a record. The error is [ErrNotOpen],
// [ErrClosed] or [ErrFull]; someone who has a place is never refused.
func (r *Room) Join(tag Tag, nowMS int64) (Ticket, error) {
	r.mu.Lock()
	seq := r.line.find(&tag)
	isNew := seq == 0
	if isNew {
		if err := r.admits(); err != nil {
			r.mu.Unlock()
			return Ticket{}, err
		}
		r.commit(Record{Kind: KindTicket, Seq: uint32(r.line.len()) + 1, Tag: tag})
		seq = uint32(r.line.len())
	}
	p := r.place(seq, nowMS)
	if isNew {
		p.ticket.New, p.ticket.Position = true, r.line.last
	}
	r.mu.Unlock()
	return p.drawTurn(), nil
}

// Ticket returns a person's place, and false where they have none.
func (r *Room) Ticket(tag Tag, nowMS int64) (Ticket, bool) {
	r.mu.Lock()
	seq := r.line.find(&tag)
	if seq == 0 {
		r.mu.Unlock()
		return Ticket{}, false
	}
	p := r.place(seq, nowMS)
	r.mu.Unlock()
	return p.drawTurn(), true
}

// admits decides whether a new ticket may be given out.
func (r *Room) admits() error {
	switch {
	case r.phase == Closed:
		return ErrClosed
	case !r.phase.joinable():
		return ErrNotOpen
	case r.line.len() == math.MaxUint32:
		return ErrFull
	}
	return nil
}

func (r *Room) applyTicket(position uint64, record *Record, encoded []byte) error {
	if int64(record.Seq) != r.line.len()+1 {
		return fmt.Errorf("%w: ticket %d follows ticket %d", ErrRecord, record.Seq, r.line.len())
	}
	if known := r.line.find(&record.Tag); known != 0 {
		return fmt.Errorf("%w: ticket %d for the person of ticket %d", ErrRecord, record.Seq, known)
	}
	r.line.append(&record.Tag, position)
	if r.cohort.Order == Draw && r.seal == nil {
		r.lobby.Add(tree.Leaf(encoded))
	}
	return nil
}

// place is a ticket whose turn may still have to be computed from the draw.
// That takes microseconds, so it is left to be done outside the lock.
type place struct {
	ticket Ticket
	drawn  *Drawn
	supply int64
}

func (r *Room) place(seq uint32, nowMS int64) place {
	p := place{
		ticket: Ticket{Seq: int64(seq), State: Waiting, Position: r.line.bound(seq)},
		supply: r.cohort.Supply,
	}
	t := &p.ticket
	if r.cohort.Order == FirstCome || r.seal != nil && t.Seq > r.seal.Count {
		t.Turn = t.Seq
		t.BeyondSupply = p.supply > 0 && t.Turn > p.supply
	} else {
		p.drawn = r.drawn
		t.BeyondSupply = p.supply > 0 && r.line.len() > p.supply
	}
	if i, pass := r.passes.of(seq); pass != nil {
		t.State = r.passes.state(i, r.clock.at(nowMS))
		t.Position = max(t.Position, pass.position)
	}
	return p
}

func (p place) drawTurn() Ticket {
	t := p.ticket
	if p.drawn != nil {
		t.Turn = Turn(p.drawn.Seed, p.drawn.Count, t.Seq)
		t.BeyondSupply = p.supply > 0 && t.Turn > p.supply
	}
	return t
}

// Anchor returns a journal position at or a little before the record of ticket
// seq, from where a search with [Room.IsTicket] finds it. Seq must be a
// ticket's.
func (r *Room) Anchor(seq int64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line.anchor(uint32(seq))
}

// IsTicket returns a test for the record of ticket seq of this room.
func (r *Room) IsTicket(seq int64) func(record []byte) bool {
	return func(encoded []byte) bool {
		if len(encoded) == 0 || Kind(encoded[0]) != KindTicket {
			return false
		}
		record, err := Parse(encoded)
		return err == nil && record.Cohort == r.number && int64(record.Seq) == seq
	}
}
