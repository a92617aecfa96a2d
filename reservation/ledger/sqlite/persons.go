package sqlite

import (
	"cmp"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"sync"
)

// persons knows whose the bookings are that the table of persons does not have
// yet. It is a cache of the rows of bookings: each process reads what the others
// have added.
//
// When enough have come together they are filed in the order of the table, a few
// with each batch, so that one page takes many of them. How far that has got stands
// in the ledger, and whichever process writes the next batch goes on from there.
//
// Whoever looks for a person asks here first and reads the table after that: what
// has been forgotten here stood in the table before.
type persons struct {
	generation int // how many bookings are filed together

	sync.Mutex
	at     int64 // all bookings up to this number are known
	filing filing
	order  []entry // what is being filed

	latest map[int64]int64 // by tag: the serial of the latest booking
	former map[int64]int64 // by serial: the one before it of the same tag
}

// filing is how far the table of persons has got: it has the bookings up to one,
// and of those up to the goal the ones with tags before next.
type filing struct{ filed, goal, next int64 }

// entry is a row of the table.
type entry struct{ tag, serial int64 }

// generation is that of a ledger. A process holds up to twice as many bookings in
// memory, and reads them when it starts.
const generation = 1 << 16

func newPersons(generation int) *persons {
	return &persons{generation: generation, latest: map[int64]int64{}, former: map[int64]int64{}}
}

// entryOf stands for a booking in the table. Persons may share a tag.
func entryOf(person string, serial int64) entry {
	h := fnv.New64a()
	h.Write([]byte(person))
	return entry{int64(h.Sum64()), serial}
}

// Known is the number up to which all bookings are known.
func (p *persons) Known() int64 {
	p.Lock()
	defer p.Unlock()
	return p.at
}

// Find returns the tags of persons, and those of their bookings known here.
func (p *persons) Find(list []string) (tags, serials []int64) {
	p.Lock()
	defer p.Unlock()
	for _, person := range list {
		tag := entryOf(person, 0).tag
		tags = append(tags, tag)
		for serial, ok := p.latest[tag]; ok; serial, ok = p.former[serial] {
			serials = append(serials, serial)
		}
	}
	return tags, serials
}

// Learn adds bookings, which come in the order of their serials and leave none out
// between what is known and the last of them, nor up to the number given.
func (p *persons) Learn(list []entry, at int64) {
	p.Lock()
	defer p.Unlock()
	for _, e := range list {
		if e.serial <= p.at {
			continue
		}
		if before, ok := p.latest[e.tag]; ok {
			p.former[e.serial] = before
		}
		p.latest[e.tag], p.at = e.serial, e.serial
	}
	p.at = max(p.at, at)
}

// Follow takes over how far filing has got. Bookings up to the goal are known.
func (p *persons) Follow(f filing) {
	p.Lock()
	defer p.Unlock()
	before := p.filing
	p.filing = f
	if f.filed != before.filed {
		done := func(_, serial int64) bool { return serial <= f.filed }
		maps.DeleteFunc(p.latest, done)
		maps.DeleteFunc(p.former, done)
	}
	if f.filed != before.filed || f.goal != before.goal {
		p.sort()
	}
}

// sort lays out what is to be filed.
func (p *persons) sort() {
	p.order = p.order[:0]
	if p.filing.filed == p.filing.goal {
		return
	}
	for tag, serial := range p.latest {
		for ok := true; ok; serial, ok = p.former[serial] {
			if serial <= p.filing.goal {
				p.order = append(p.order, entry{tag, serial})
			}
		}
	}
	slices.SortFunc(p.order, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.serial, b.serial))
	})
}

// portion is what a batch files, and how far filing has then got.
type portion struct {
	rows []entry
	then filing
	none bool
}

// File is what a batch of so many requests files: more rows than it can make, so
// that the generation behind is no larger. Those that share a tag go together.
// Nothing counts as filed before Follow.
func (p *persons) File(requests int) portion {
	p.Lock()
	defer p.Unlock()
	f := p.filing
	if f.filed == f.goal {
		if len(p.latest) < p.generation {
			return portion{then: f, none: true}
		}
		f.goal, f.next = p.at, math.MinInt64
		return portion{then: f}
	}
	from, _ := slices.BinarySearchFunc(p.order, f.next, func(e entry, tag int64) int { return cmp.Compare(e.tag, tag) })
	to := min(from+requests+requests/8+1, len(p.order))
	for to > from && to < len(p.order) && p.order[to].tag == p.order[to-1].tag {
		to++
	}
	if to == len(p.order) {
		f.filed = f.goal
	} else {
		f.next = p.order[to].tag
	}
	return portion{rows: slices.Clone(p.order[from:to]), then: f}
}
