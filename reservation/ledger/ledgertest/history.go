package ledgertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// scene is what the recording processes are told: whom they book for and where.
type scene struct {
	Address string
	People  int // person(0) and so on
	Slots   int // first and the ones after it, for a single dose
	Callers int // of each process
	Calls   int // of each caller
	Seed    uint64
}

// call is one request and what it was answered.
type call struct {
	Caller   int
	From, To int64 // unix nanoseconds
	Asked    asked
	Answered answered
}

type asked struct {
	Kind   booking.Kind
	Person int
	Serial int64
	Slot   int // 0 is first
}

type answered struct {
	Code   booking.Code
	Serial int64
}

// linearizable records what several processes are answered that book, move and
// cancel at one slot, and for one person: there must be an order of one request
// after the other that explains every answer.
func linearizable(t *testing.T, h Harness) {
	for name, s := range map[string]scene{
		"one slot":   {People: 14, Slots: 1, Callers: 3, Calls: 40, Seed: 1},
		"one person": {People: 1, Slots: 3, Callers: 3, Calls: 40, Seed: 2},
		"a few":      {People: 12, Slots: 2, Callers: 3, Calls: 40, Seed: 3},
	} {
		t.Run(name, func(t *testing.T) {
			s.Address = h.Create(t)
			store, err := h.Open(t.Context(), s.Address)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			if err := store.Seed(t.Context(), catalog()); err != nil {
				t.Fatal(err)
			}
			history := record(t, s, 3)
			if got := porcupine.CheckOperationsTimeout(register(), history, time.Minute); got != porcupine.Ok {
				t.Errorf("history of %d requests: %s", len(history), got)
			}
			codes := map[booking.Code]int{}
			for _, op := range history {
				codes[op.Output.(answered).Code]++
			}
			if codes[booking.Done] == 0 || len(codes) < 2 {
				t.Errorf("nothing competed: %v", codes)
			}
			t.Logf("%v", codes)
		})
	}
}

// record runs processes that start together and returns what they saw.
func record(t *testing.T, s scene, processes int) (history []porcupine.Operation) {
	t.Helper()
	var mu sync.Mutex
	var working, ready sync.WaitGroup
	begin := make(chan struct{})
	for i := range processes {
		mine := s
		mine.Seed = s.Seed<<8 | uint64(i)
		order, err := json.Marshal(mine)
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0])
		child.Env, child.Stderr = append(os.Environ(), recorderVariable+"="+string(order)), os.Stderr
		in, err := child.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		ready.Add(1)
		working.Go(func() {
			lines := bufio.NewReader(out)
			_, err := lines.ReadString('\n') // it has opened the ledger
			ready.Done()
			<-begin
			in.Close()
			var calls []call
			if err == nil {
				err = json.NewDecoder(lines).Decode(&calls)
			}
			if failed := child.Wait(); err != nil || failed != nil {
				t.Errorf("recorder: %v %v", err, failed)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, c := range calls {
				history = append(history, porcupine.Operation{
					ClientId: i*s.Callers + c.Caller, Input: c.Asked, Call: c.From, Output: c.Answered, Return: c.To,
				})
			}
		})
	}
	ready.Wait()
	close(begin)
	working.Wait()
	return history
}

// recordCalls is the life of a recording process: it waits for the end of its
// standard input, lets its callers call and prints what they were answered.
func recordCalls(order string, open func(ctx context.Context, address string) (ledger.Store, error)) error {
	ctx := context.Background()
	var s scene
	if err := json.Unmarshal([]byte(order), &s); err != nil {
		return err
	}
	store, err := open(ctx, s.Address)
	if err != nil {
		return err
	}
	defer store.Close()
	w := ledger.NewWriter(store, ledger.WriterConfig{})
	go w.Run(ctx)
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	var mu sync.Mutex
	var callers sync.WaitGroup
	var calls []call
	var failed error
	for caller := range s.Callers {
		callers.Go(func() {
			rng := rand.New(rand.NewPCG(s.Seed, uint64(caller)))
			serials := map[int]int64{} // by person, as far as this caller has heard
			for n := range s.Calls {
				c := s.draw(rng, serials)
				c.Caller, c.From = caller, time.Now().UnixNano()
				out, err := w.Submit(ctx, s.request(c.Asked, fmt.Sprint(s.Seed, caller, n)))
				c.To, c.Answered = time.Now().UnixNano(), answered{out.Code, out.Serial}
				if out.Serial != 0 {
					serials[c.Asked.Person] = out.Serial
				}
				mu.Lock()
				calls = append(calls, c)
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	if failed != nil {
		return failed
	}
	return json.NewEncoder(os.Stdout).Encode(calls)
}

func (s scene) draw(rng *rand.Rand, serials map[int]int64) call {
	a := asked{Person: rng.IntN(s.People), Slot: rng.IntN(s.Slots)}
	if a.Serial = serials[a.Person]; a.Serial != 0 {
		a.Kind = booking.Kind(rng.IntN(3))
	}
	if a.Kind == booking.Book {
		a.Serial = 0
	}
	return call{Asked: a}
}

func (s scene) request(a asked, key string) booking.Request {
	r := book(person(a.Person), key)
	r.Kind, r.Serial, r.First, r.Second = a.Kind, a.Serial, first+booking.SlotID(a.Slot), nil
	return r
}

// held is what the model knows of a person.
type held struct {
	serial int64
	slot   int
	live   bool
}

// world is the model's state: the rules as one would tell them, apart from the
// code that decides.
type world struct {
	last   int64 // number given out, to a booking or to what became of it
	taken  [3]int
	people [16]held
}

func register() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return world{} },
		Step: func(state, input, output any) (bool, any) {
			w := state.(world)
			return w.answer(input.(asked)) == output.(answered), w
		},
	}
}

// answer changes the world and says what the one asking is told.
func (w *world) answer(a asked) answered {
	p := &w.people[a.Person]
	room := places - w.taken[a.Slot]
	switch {
	case a.Kind == booking.Book && p.live:
		return answered{booking.AlreadyBooked, p.serial}
	case a.Kind == booking.Book && room == 0:
		return answered{Code: booking.SlotTaken}
	case a.Kind == booking.Book:
		w.last++
		w.taken[a.Slot]++
		*p = held{w.last, a.Slot, true}
		return answered{booking.Done, p.serial}
	case p.serial != a.Serial:
		return answered{Code: booking.NoBooking}
	case a.Kind == booking.Cancel:
		if p.live {
			w.last++
			w.taken[p.slot]--
			p.live = false
		}
		return answered{booking.Done, p.serial}
	case !p.live:
		return answered{booking.Cancelled, p.serial}
	case room == 0 && p.slot != a.Slot:
		return answered{booking.SlotTaken, p.serial}
	default:
		w.last++
		w.taken[p.slot]--
		w.taken[a.Slot]++
		p.slot = a.Slot
		return answered{booking.Done, p.serial}
	}
}
