package waitingroom

import "fmt"

// Claim issues the pass of a called person, or returns the one they hold: the
// same identifier and times however often it is fetched. id is used only if a
// pass is issued now.
//
// The error is [ErrNoTicket], [ErrNotOpen], [ErrClosed], [ErrPaused],
// [ErrBooked], [ErrSupply], a [*NotCalledError] or a [*MeteredError].
func (r *Room) Claim(tag Tag, id PassID, nowMS int64) (Pass, error) {
	ticket, ok := r.Ticket(tag, nowMS)
	if !ok {
		return Pass{}, ErrNoTicket
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// What was asked for before the lock cannot have changed in between: a
	// seq is for ever, and so is a turn once there is one.
	seq := uint32(ticket.Seq)
	held, pass := r.passes.of(seq)
	if pass != nil && r.passes.live(held, r.clock.at(nowMS)) {
		return r.pass(pass, ticket.Turn, nowMS), nil
	}
	if err := r.admitsClaims(); err != nil {
		return Pass{}, err
	}
	if pass != nil && pass.booked {
		return Pass{}, ErrBooked
	}
	shown, segment := r.call.at(nowMS, true)
	if ticket.Turn == 0 || ticket.Turn > shown {
		return Pass{}, r.notCalled(ticket.Turn, shown, nowMS)
	}
	if supply := r.cohort.Supply; supply > 0 &&
		r.passes.booked+r.passes.sessions(r.clock.at(nowMS)) >= supply {
		return Pass{}, ErrSupply
	}
	if err := r.meter.ask(ticket.Turn, pass != nil, r.call.rateMilli(nowMS), nowMS); err != nil {
		return Pass{}, err
	}
	at := (nowMS + 999) / 1000
	if pass != nil {
		r.commit(Record{Kind: KindExpired, Seq: seq, Pass: pass.id, At: at})
	}
	r.commit(Record{Kind: KindClaim, Seq: seq, Pass: id, Segment: segment, At: at})
	_, pass = r.passes.of(seq)
	fresh := r.pass(pass, ticket.Turn, nowMS)
	fresh.New = true
	return fresh, nil
}

// admitsClaims decides whether passes are issued at all.
func (r *Room) admitsClaims() error {
	switch {
	case r.phase == Closed:
		return ErrClosed
	case r.held || r.phase == Paused:
		return ErrPaused
	case r.phase != Open:
		return ErrNotOpen
	}
	return nil
}

func (r *Room) pass(p *issued, turn, nowMS int64) Pass {
	return Pass{
		ID: p.id, Seq: int64(p.seq), Turn: turn, Segment: p.segment,
		IssuedMS:  (p.at - 1) * 1000,
		ExpiresMS: r.clock.wall(p.runsOut, nowMS),
		Position:  p.position,
	}
}

func (r *Room) applyClaim(position uint64, record *Record) error {
	if record.Seq == 0 || int64(record.Seq) > r.line.len() {
		return fmt.Errorf("%w: claim of ticket %d of %d", ErrRecord, record.Seq, r.line.len())
	}
	r.passes.issue(issued{
		id: record.Pass, seq: record.Seq, at: record.At, segment: record.Segment,
		runsOut:  r.clock.at(record.At*1000) + r.cohort.PassMS,
		position: position,
	}, r.seal != nil && int64(record.Seq) <= r.seal.Count)
	return nil
}

func (r *Room) applyExpired(record *Record) error {
	if _, pass := r.passes.find(record.Seq, record.Pass); pass == nil {
		return fmt.Errorf("%w: expiry of an unknown pass of ticket %d", ErrRecord, record.Seq)
	}
	return nil
}

// Booked records that the pass a turn was given has been used. Recorded once,
// it is not recorded again. The error is [ErrUnknownPass].
func (r *Room) Booked(turn int64, id PassID, nowMS int64) (position uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seq, ok := r.seqOf(turn)
	if !ok {
		return 0, ErrUnknownPass
	}
	_, pass := r.passes.find(seq, id)
	switch {
	case pass == nil:
		return 0, ErrUnknownPass
	case pass.booked:
		return pass.position, nil
	}
	return r.commit(Record{Kind: KindBooked, Seq: seq, Pass: id, At: (nowMS + 999) / 1000}), nil
}

// BookedPass is [Room.Booked] for who knows only the pass, as the ledger's
// outbox does. It reports whether the pass was issued here and is put on record
// by this call: one used before, or never issued, is not.
func (r *Room) BookedPass(id PassID, nowMS int64) (position uint64, recorded bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.passes.unused[id]
	if !ok {
		return 0, false
	}
	return r.commit(Record{Kind: KindBooked, Seq: r.passes.get(i).seq, Pass: id, At: (nowMS + 999) / 1000}), true
}

func (r *Room) applyBooked(position uint64, record *Record) error {
	i, pass := r.passes.find(record.Seq, record.Pass)
	if pass == nil || pass.booked {
		return fmt.Errorf("%w: booking with an unknown or used pass of ticket %d", ErrRecord, record.Seq)
	}
	r.passes.use(i)
	pass.position = position
	return nil
}
