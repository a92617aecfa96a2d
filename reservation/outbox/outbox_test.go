package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
	"sunbeon/reservation/outbox"
)

// house is a ledger with a message centre that people's messages go to.
type house struct {
	path   string
	store  *sqlite.Store
	sealer *ledger.Sealer
	centre *centre
	url    string
}

// centre is a receiver that keeps what it took, by key, and fails at times.
type centre struct {
	mu       sync.Mutex
	taken    map[string]outbox.Message
	repeated int
	asked    atomic.Int64
	answer   func(n int64) int // status of the n-th request
}

func (c *centre) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := c.answer(c.asked.Add(1))
	if status == http.StatusOK || status == http.StatusInternalServerError { // the second took it and died
		var m outbox.Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || m.Key != r.Header.Get("Idempotency-Key") {
			status = http.StatusBadRequest
		} else {
			c.mu.Lock()
			if old, ok := c.taken[m.Key]; ok {
				c.repeated++
				if fmt.Sprint(old) != fmt.Sprint(m) {
					status = http.StatusTeapot // one key for two messages
				}
			}
			c.taken[m.Key] = m
			c.mu.Unlock()
		}
	}
	w.WriteHeader(status)
}

func (c *centre) messages() map[string]outbox.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]outbox.Message{}
	maps.Copy(all, c.taken)
	return all
}

func newHouse(t *testing.T, answer func(int64) int) *house {
	t.Helper()
	h := &house{path: filepath.Join(t.TempDir(), "ledger.db"), centre: &centre{taken: map[string]outbox.Message{}, answer: answer}}
	server := httptest.NewServer(h.centre)
	t.Cleanup(server.Close)
	h.url = server.URL
	var err error
	if h.sealer, err = ledger.NewSealer(make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	slots := []booking.Slot{{ID: 1, Institution: 1, Vaccine: "mRNA", Capacity: 1000}, {ID: 2, Institution: 1, Start: 60, Vaccine: "mRNA", Capacity: 1000}}
	err = h.store.Seed(t.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "www.clinic.kr", Province: "Seoul"}}, Slots: slots,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) open(t *testing.T) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), h.path)
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	t.Cleanup(func() { store.Close() })
}

// do commits requests as a writer would.
func (h *house) do(t *testing.T, requests ...booking.Request) []booking.Outcome {
	t.Helper()
	for i := range requests {
		if requests[i].Kind == booking.Book {
			sealed, err := h.sealer.Seal(requests[i].Person, booking.Person{Name: "홍길동", Birth: "1990-02-28", Phone: "010-1", CI: "ci"})
			if err != nil {
				t.Fatal(err)
			}
			requests[i].Sealed = sealed
		}
	}
	outcomes, err := h.store.Commit(t.Context(), func() []booking.Request { return requests })
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func book(person int) booking.Request {
	return booking.Request{Kind: booking.Book, Key: "k", Person: fmt.Sprintf("%032x", person), First: 1, Pass: fmt.Sprint("pass", person), TimeMS: 1}
}

// follow runs followers until the test is satisfied.
func (h *house) follow(t *testing.T, holders int, enough func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	var running sync.WaitGroup
	for i := range holders {
		f := &outbox.Follower{
			Name: "messages", Holder: fmt.Sprint("was-", i), Ledger: h.store, Logger: slog.New(slog.DiscardHandler),
			Sink: &outbox.Webhook{
				URL: h.url, HTTP: http.DefaultClient, Bookings: h.store, Sealer: h.sealer,
				Appointment: func(id booking.SlotID) (outbox.Appointment, bool) {
					return outbox.Appointment{Institution: "www.clinic.kr", Date: "2021-08-26", Time: "09:30", Vaccine: "mRNA"}, true
				},
			},
		}
		running.Go(func() { f.Run(ctx) })
	}
	for !enough() && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	running.Wait()
	if !enough() {
		t.Fatalf("the message centre took %d messages in %d requests", len(h.centre.messages()), h.centre.asked.Load())
	}
}

func TestEveryBookingIsToldAtLeastOnce(t *testing.T) {
	// The centre refuses, dies after taking a message, and works.
	h := newHouse(t, func(n int64) int {
		return map[int64]int{1: http.StatusServiceUnavailable, 5: http.StatusInternalServerError, 30: http.StatusBadGateway}[n]
	})
	inner := h.centre.answer
	h.centre.answer = func(n int64) int {
		if status := inner(n); status != 0 {
			return status
		}
		return http.StatusOK
	}
	const people = 60
	for i := range people {
		h.do(t, book(i))
	}
	first := h.do(t, booking.Request{Kind: booking.Change, Key: "c", Person: book(0).Person, Serial: 1, First: 2, TimeMS: 2})
	if first[0].Code != booking.Done {
		t.Fatal(first)
	}
	h.do(t, booking.Request{Kind: booking.Cancel, Key: "d", Person: book(1).Person, Serial: 2, TimeMS: 3})
	h.follow(t, 3, func() bool { return len(h.centre.messages()) == people+2 })
	for key, m := range h.centre.messages() {
		n, err := booking.ParseNumber(m.Number)
		if err != nil {
			t.Fatalf("message %s: %v", key, err)
		}
		if _, err := h.store.Find(t.Context(), n.Serial()); err != nil {
			t.Errorf("message %s without a booking: %v", key, err)
		}
		for language, text := range m.Text {
			if strings.Contains(text, "://") || strings.Contains(text, "www.") || strings.Contains(text, ".kr") {
				t.Errorf("the %s message holds a link: %s", language, text)
			}
			if !strings.Contains(text, m.Number) {
				t.Errorf("the %s message has no number: %s", language, text)
			}
		}
		if m.Phone != "010-1" {
			t.Errorf("message %s goes to %q", key, m.Phone)
		}
	}
	if h.centre.repeated == 0 {
		t.Error("a message the centre took without saying so was not repeated")
	}
}

// A message that the centre fails on whenever it comes holds up its own booking's and
// nobody else's, and is tried again until it goes through.
func TestOneMessageHoldsUpNobodyElse(t *testing.T) {
	const people = 400 // more than a page
	h := newHouse(t, func(int64) int { return http.StatusOK })
	var poisoned atomic.Bool
	poisoned.Store(true)
	bad := string(booking.NumberOf(1))
	var posts atomic.Int64
	moody := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		if poisoned.Load() && strings.HasPrefix(r.Header.Get("Idempotency-Key"), bad) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h.centre.ServeHTTP(w, r)
	}))
	defer moody.Close()
	h.url = moody.URL
	for i := range people {
		h.do(t, book(i))
	}
	h.do(t, booking.Request{Kind: booking.Change, Key: "c", Person: book(0).Person, Serial: 1, First: 2, TimeMS: 2})
	h.follow(t, 1, func() bool { return len(h.centre.messages()) == people-1 })
	if n := posts.Load(); n > people+20 {
		t.Errorf("%d requests for %d messages: those that arrived are sent again and again", n, people)
	}
	poisoned.Store(false)
	h.follow(t, 1, func() bool { return len(h.centre.messages()) == people+1 })
	after, mine, err := h.store.Follow(t.Context(), "messages", "was-0", time.Now().UnixMilli(), time.Now().UnixMilli())
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	if left, err := h.store.Events(t.Context(), after, people); err != nil || len(left) > 16 { // those under way at the end
		t.Errorf("%d events behind the place, %v", len(left), err)
	}
}

// A redirection is no delivery, and where it points to learns nothing.
func TestAMessageFollowsNoRedirection(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	var strayed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	answers := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	var asked atomic.Int64
	moving := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); n <= int64(len(answers)) {
			http.Redirect(w, r, elsewhere.URL, answers[n-1])
			return
		}
		h.centre.ServeHTTP(w, r)
	}))
	defer moving.Close()
	h.url = moving.URL
	for i := range answers {
		h.do(t, book(i))
	}
	h.follow(t, 1, func() bool { return len(h.centre.messages()) == len(answers) })
	if n := strayed.Load(); n != 0 {
		t.Errorf("%d messages went where nobody sent them", n)
	}
}

// A refused message must not hold up those behind it.
func TestARefusedMessageIsLeftBehind(t *testing.T) {
	h := newHouse(t, func(n int64) int {
		if n == 1 {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	})
	h.do(t, book(1))
	h.do(t, book(2))
	h.follow(t, 1, func() bool { return len(h.centre.messages()) == 1 && h.centre.asked.Load() == 2 })
}

// After a restore, what the backup holds is told again under the same keys, what
// it does not hold is never told, and a new booking gets a number and a key that
// nobody has seen.
func TestAfterARestoreThereIsNoMessageWithoutABooking(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	h.do(t, book(1))
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := h.store.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	lost := h.do(t, book(2))[0]
	h.follow(t, 1, func() bool { return len(h.centre.messages()) == 2 })

	h.path = backup
	h.open(t)
	if err := h.store.Restored(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	told := h.centre.messages()
	h.centre.taken = map[string]outbox.Message{}
	made := h.do(t, book(3))[0]
	if made.Serial == lost.Serial {
		t.Errorf("number %s of a lost booking was given to another person", lost.Number())
	}
	h.follow(t, 1, func() bool { return len(h.centre.messages()) == 2 })
	for key, m := range h.centre.messages() {
		if n, _ := booking.ParseNumber(m.Number); n == made.Number() {
			if _, known := told[key]; known {
				t.Errorf("the key %s of the new booking was used before", key)
			}
		}
		if m.Number == string(lost.Number()) {
			t.Errorf("message %s tells of a booking the restore lost", key)
		}
	}
}
