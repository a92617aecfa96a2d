package rush

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Arrivals says when people come. The shares are weights; they need not sum to
// one.
type Arrivals struct {
	// Lobby is the share that comes before the opening, evenly spread.
	Lobby float64
	// Spike is the share that comes with the opening, most of them at once.
	Spike float64
	// Tail is the share that comes later in the evening.
	Tail float64
	// SpikeMean is the mean time after the opening at which the spike arrives.
	SpikeMean time.Duration
	// TailLength is how long after the opening the last of the tail arrives.
	TailLength time.Duration
}

// arrival is one person's appearance, as an offset from the start of the run.
type arrival struct {
	after  time.Duration
	person int
}

// schedule fixes every arrival beforehand, earliest first. The lobby and the
// opening are offsets from the start of the run, negative when they are past;
// who would have come to a lobby that is over comes with the spike. A person's
// arrival depends on the seed, the person and the offsets only.
func (c Config) schedule(lobby, open time.Duration) []arrival {
	lobby, open = max(lobby, 0), max(open, 0)
	list := make([]arrival, c.People)
	for i := range list {
		r := rand.New(rand.NewPCG(c.Seed, uint64(i)^arrivalStream))
		list[i].person = i
		if c.Script != nil {
			list[i].after = c.Script.draw(r, i, lobby, open)
		} else {
			list[i].after = c.Arrivals.draw(r, lobby, open)
		}
	}
	slices.SortFunc(list, func(x, y arrival) int {
		return cmp.Or(cmp.Compare(x.after, y.after), cmp.Compare(x.person, y.person))
	})
	return list
}

func (a Arrivals) draw(r *rand.Rand, lobby, open time.Duration) time.Duration {
	switch u := r.Float64() * (a.Lobby + a.Spike + a.Tail); {
	case u < a.Lobby && lobby < open:
		return lobby + time.Duration(r.Float64()*float64(open-lobby))
	case u < a.Lobby+a.Spike:
		return open + time.Duration(r.ExpFloat64()*float64(a.SpikeMean))
	default:
		return open + time.Duration(r.Float64()*float64(a.TailLength))
	}
}

// Streams keep the random numbers of a person's arrival, habits and identity
// apart, so that changing one leaves the others as they were.
const (
	arrivalStream = 0xa221_7a15_0000_0000
	habitStream   = 0x4ab1_7500_0000_0000
)
