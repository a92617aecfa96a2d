package rush

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// Script is a crowd whose arrivals and pauses are all given, as those of a
// simulated evening are. It takes the place of a rush's arrivals and habits:
// nobody comes twice, cancels, or looks at the booking afterwards.
type Script struct {
	// Lobby is how many come before the opening, evenly spread.
	Lobby   int      `json:"lobby"`
	Streams []Stream `json:"streams,omitempty"`
	// Show is the share of called people who claim at all, ShowLater that of
	// those who came after the opening.
	Show      float64 `json:"show"`
	ShowLater float64 `json:"show_later"`
	// Claim is the time from the call to the claim.
	Claim Pause `json:"claim"`
	// PatienceMS is the mean time after which a waiting person has left; 0 is
	// for ever.
	PatienceMS int64 `json:"patience_ms,omitempty"`
	// Pages holds the pause before each of [Pages].
	Pages map[string]Pause `json:"pages"`
	// Retry is the time after which who was told to hold on asks again.
	Retry Pause `json:"retry"`
	// Leave is the share that leaves content after each page but the last,
	// GiveUp that leaves for good at each "hold on".
	Leave  float64 `json:"leave,omitempty"`
	GiveUp float64 `json:"give_up,omitempty"`
}

// Stream is people who come after the opening.
type Stream struct {
	People int `json:"people"`
	// Shape is "uniform", "burst" (most at once and then ever fewer) or "wave"
	// (slow, fast, slow).
	Shape  string `json:"shape"`
	FromMS int64  `json:"from_ms"`
	OverMS int64  `json:"over_ms"`
}

// Pause is a log-normal time: its mean, and its standard deviation as a share
// of the mean.
type Pause struct {
	MeanMS float64 `json:"mean_ms"`
	CV     float64 `json:"cv"`
}

// The pages of the way from the pass to the booking.
const (
	PageEligibility  = "eligibility"
	PageInstitutions = "institutions"
	PageSlots        = "slots"
	PageBook         = "book"
)

// Pages are the pages in their order.
func Pages() []string {
	return []string{PageEligibility, PageInstitutions, PageSlots, PageBook}
}

// ReadScript reads a script from a JSON file; unknown members are errors.
func ReadScript(file string) (*Script, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	defer f.Close()
	decoder := json.NewDecoder(f)
	decoder.DisallowUnknownFields()
	var s Script
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("script %s: %w", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("script %s: more than one JSON value", file)
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("script %s: %w", file, err)
	}
	return &s, nil
}

func (s *Script) validate() error {
	people := s.Lobby
	for i, stream := range s.Streams {
		if !slices.Contains([]string{"uniform", "burst", "wave"}, stream.Shape) {
			return fmt.Errorf("streams[%d]: shape %q is none of uniform, burst, wave", i, stream.Shape)
		}
		if stream.People < 0 || stream.FromMS < 0 || stream.OverMS <= 0 {
			return fmt.Errorf("streams[%d]: want no negative people or start, and a length", i)
		}
		people += stream.People
	}
	switch {
	case s.Lobby < 0 || people < 1 || people > mostPeople:
		return fmt.Errorf("people %d: want 1 to %d", people, mostPeople)
	case s.PatienceMS < 0:
		return errors.New("patience is negative")
	}
	for _, share := range []float64{s.Show, s.ShowLater, s.Leave, s.GiveUp} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("share %g of people: want 0 to 1", share)
		}
	}
	for _, page := range Pages() {
		if _, ok := s.Pages[page]; !ok {
			return fmt.Errorf("page %q is missing", page)
		}
	}
	for page, pause := range s.Pages {
		if !slices.Contains(Pages(), page) {
			return fmt.Errorf("page %q is none of %v", page, Pages())
		}
		if !(pause.MeanMS >= 0 && pause.CV >= 0) {
			return fmt.Errorf("page %s: pause %+v: want no negative times", page, pause)
		}
	}
	if !(s.Retry.MeanMS > 0 && s.Retry.CV >= 0) {
		return fmt.Errorf("retry: pause %+v: want a time", s.Retry)
	}
	return nil
}

// People is how many come.
func (s *Script) People() int {
	people := s.Lobby
	for _, stream := range s.Streams {
		people += stream.People
	}
	return people
}

// draw is when person comes, as lobby and open are offsets from the start of the
// run.
func (s *Script) draw(r *rand.Rand, person int, lobby, open time.Duration) time.Duration {
	if person < s.Lobby {
		return lobby + time.Duration(r.Float64()*float64(open-lobby))
	}
	person -= s.Lobby
	for _, stream := range s.Streams {
		if person < stream.People {
			return open + stream.draw(r)
		}
		person -= stream.People
	}
	return open
}

// draw inverts the share of the stream that has come by a time.
func (s Stream) draw(r *rand.Rand) time.Duration {
	u := r.Float64()
	switch s.Shape {
	case "burst":
		u = -math.Log(1-u*(1-math.Exp(-burst))) / burst
	case "wave":
		come := func(x float64) float64 { return x - math.Sin(2*math.Pi*x)/(2*math.Pi) }
		from, to := 0.0, 1.0
		for range 40 {
			if x := (from + to) / 2; come(x) < u {
				from = x
			} else {
				to = x
			}
		}
		u = from
	}
	return time.Duration((float64(s.FromMS) + u*float64(s.OverMS)) * float64(time.Millisecond))
}

// burst is how many times a burst falls by e over its length.
const burst = 5

// temper is what one of the script's people is going to do.
func (s *Script) temper(r *rand.Rand, person int) temper {
	show := s.Show
	if person >= s.Lobby {
		show = s.ShowLater
	}
	t := temper{absent: r.Float64() >= show, lateness: s.Claim.draw(r)}
	if s.PatienceMS > 0 {
		patience := time.Duration(r.ExpFloat64() * float64(s.PatienceMS) * float64(time.Millisecond))
		t.patience = max(patience, time.Nanosecond)
	}
	return t
}

// draw takes a time from the distribution.
func (p Pause) draw(r *rand.Rand) time.Duration {
	if p.MeanMS <= 0 {
		return 0
	}
	sigma := math.Sqrt(math.Log1p(p.CV * p.CV))
	mean := math.Log(p.MeanMS) - sigma*sigma/2
	return time.Duration(math.Exp(mean+sigma*r.NormFloat64()) * float64(time.Millisecond))
}
