package waitingroom

// passes are the passes ever issued in a room, oldest first, numbered from 1.
// Nothing watches the clock for them: whether one has run out is asked when
// somebody comes.
type passes struct {
	all chunked[issued]
	// current is the number of each person's latest pass, by arrival number.
	current sparse[uint32]
	// voided is the number of the last pass that [Room.Void] ended.
	voided uint32
	// unused finds the passes not used yet by their identifier.
	unused map[PassID]uint32
	// people have ever claimed, booked have booked.
	people, booked int64
	// lobby is how many of people waited in the lobby.
	lobby int64
	// open counts unused passes above ranOut, of which those up to ranOut have
	// run out; it is derived, so replay need not reproduce it.
	open   int64
	ranOut uint32
}

// issued is one pass.
type issued struct {
	id       PassID
	seq      uint32
	previous uint32 // the same person's pass before it
	at       int64  // Unix seconds, rounded up
	runsOut  int64  // in serving time, ms
	segment  int64
	position uint64 // of the latest record about it
	booked   bool
}

func (p *passes) get(i uint32) *issued { return p.all.at(int(i) - 1) }

// of returns a person's latest pass and its number; nil if they have none.
func (p *passes) of(seq uint32) (uint32, *issued) {
	i := p.current.get(int(seq))
	if i == 0 {
		return 0, nil
	}
	return i, p.get(i)
}

// find returns a person's pass by its identifier; nil if it is not theirs.
func (p *passes) find(seq uint32, id PassID) (uint32, *issued) {
	for i, pass := p.of(seq); pass != nil; i, pass = pass.previous, p.get(pass.previous) {
		if pass.id == id {
			return i, pass
		}
		if pass.previous == 0 {
			break
		}
	}
	return 0, nil
}

// live reports whether pass i can still be used at a serving time.
func (p *passes) live(i uint32, servingMS int64) bool {
	return i > p.voided && servingMS < p.get(i).runsOut
}

func (p *passes) state(i uint32, servingMS int64) State {
	switch {
	case p.get(i).booked:
		return Booked
	case p.live(i, servingMS):
		return Claimed
	}
	return Expired
}

func (p *passes) issue(pass issued, fromLobby bool) {
	pass.previous = p.current.get(int(pass.seq))
	if pass.previous == 0 {
		p.people++
		if fromLobby {
			p.lobby++
		}
	}
	p.all.push(pass)
	p.current.set(int(pass.seq), uint32(p.all.length))
	p.open++
	if p.unused == nil {
		p.unused = map[PassID]uint32{}
	}
	p.unused[pass.id] = uint32(p.all.length)
}

func (p *passes) use(i uint32) {
	p.get(i).booked = true
	p.booked++
	delete(p.unused, p.get(i).id)
	if i > p.ranOut {
		p.open--
	}
}

// void ends the unused passes issued so far.
func (p *passes) void() { p.voided = uint32(p.all.length) }

// sessions counts the unused live passes. Passes run out in the order of their
// issue, so each is passed over once.
func (p *passes) sessions(servingMS int64) int64 {
	for int(p.ranOut) < p.all.length && !p.live(p.ranOut+1, servingMS) {
		p.ranOut++
		if !p.get(p.ranOut).booked {
			p.open--
		}
	}
	return p.open
}
