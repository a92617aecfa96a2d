package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// wish is what one person wants: both doses, the second at the interval.
type wish struct {
	person string // reference, new for every wish
	first  booking.SlotID
	second []booking.SlotID // candidates, best first
	key    string
	sealed []byte
	timeMS int64
}

// popularity is Zipf's exponent, v = 1.
const popularity = 1.1

// candidates are the slots offered for a second dose; the rest of the crowd
// wants its neighbours'.
const candidates = 4

// wishes draws people out of a crowd. Two crowds of different seeds share
// nobody.
type wishes struct {
	rng    *rand.Rand
	zipf   *rand.Zipf
	half   int
	sealer *ledger.Sealer
}

func newWishes(slots int, seed uint64) (*wishes, error) {
	sealer, err := ledger.NewSealer(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 5))
	half := slots / 2
	return &wishes{rng, rand.NewZipf(rng, popularity, 1, uint64(half-candidates)), half, sealer}, nil
}

func (w *wishes) next() (wish, error) {
	// Popular slots lie scattered over the table, as they do in a city.
	at := int(w.zipf.Uint64()) * 7919 % (w.half - candidates)
	second := make([]booking.SlotID, candidates)
	for i := range second {
		second[i] = booking.SlotID(1 + w.half + at + i)
	}
	ref := fmt.Sprintf("%016x%016x", w.rng.Uint64(), w.rng.Uint64())
	sealed, err := w.sealer.Seal(ref, booking.Person{
		Name: "홍길동", Birth: "1985-03-09", Phone: "010-0000-0000",
		CI: "Y29ubmVjdGluZyBpbmZvcm1hdGlvbiBvZiBhIHN5bnRoZXRpYyBwZXJzb24gd2hvIGRvZXMgbm90IGV4aXN0IQ==",
	})
	return wish{
		person: ref, first: booking.SlotID(1 + at), second: second, sealed: sealed,
		key: ref[:8] + "-0d5e-4d4e-8a41-" + ref[8:20], timeMS: time.Now().UnixMilli(),
	}, err
}

// rate is what a crowd reached.
type rate struct {
	perSecond float64
	cpuMicros float64 // of this process, a booking
}

// crowd lets the callers book for a round, each the next person as soon as the
// last one is durably booked.
func (m *measurement) crowd(ctx context.Context, book func(context.Context, wish) error, seed int) (rate, error) {
	var done atomic.Int64
	errs := make([]error, m.Callers)
	var callers sync.WaitGroup
	until := time.Now().Add(m.Round)
	began, cpu := time.Now(), processorTime()
	for i := range m.Callers {
		people, err := newWishes(m.Slots, uint64(seed)<<32|uint64(i))
		if err != nil {
			return rate{}, err
		}
		callers.Go(func() {
			for time.Now().Before(until) {
				w, err := people.next()
				if err == nil {
					err = book(ctx, w)
				}
				if err != nil {
					errs[i] = err
					return
				}
				done.Add(1)
			}
		})
	}
	callers.Wait()
	took, used := time.Since(began), processorTime()-cpu
	if err := errors.Join(errs...); err != nil {
		return rate{}, err
	}
	n := float64(done.Load())
	return rate{n / took.Seconds(), float64(used.Microseconds()) / n}, nil
}

// processorTime is what this process has used: it means something even on a
// machine that others keep busy.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
