package rush

import (
	"math/rand/v2"
	"time"

	"sunbeon/reservation/rush/population"
)

// visit is one person's evening: where they are on their way and what they
// hold. One step of it runs at a time, so it needs no lock.
type visit struct {
	person population.Person
	random *rand.Rand
	temper temper
	device int // the one in hand, from 1

	meant   time.Time // when the step under way was meant to begin
	tries   int       // troubles in a row
	trouble string    // code of the last event if that was an error
	rounds  int       // looks for a free time so far

	assertion string
	login     string // cookie pairs as they go into the header
	pass      string
	joined    time.Time
	seq       int64
	turn      int64     // 0 until it is drawn
	document  *document // the serving document as last seen
	etag      string    // of that document
	looked    time.Time // at that document

	institutions []institution // not yet found full
	slot, key    string        // what is being booked, and under which key
	number       string        // of the booking held
	rebooked     bool
	heldInside   bool // saw a 503 since they were let in
}

// provider is the identity provider a person uses on a device.
func (v *visit) provider() string {
	providers := [...]string{"kakao", "naver", "pass", "joint", "phone"}
	return providers[(v.person.Index+v.device)%len(providers)]
}

// cookies is the Cookie header with the login and, if there is one, the pass.
func (v *visit) cookies() string {
	if v.pass == "" {
		return v.login
	}
	return v.login + "; " + v.pass
}

// soon spreads d over up to a quarter more, so that people told the same time
// do not come back as one.
func (v *visit) soon(d time.Duration) time.Duration {
	return d + time.Duration(v.random.Float64()*float64(d)/4)
}

// Outcomes of an evening that ended.
type outcome struct {
	kind ending
	code string // of a refusal or failure
}

type ending uint8

const (
	underWay ending = iota
	booked
	cancelled
	gaveUp
	refused
	failed
)

// step does one thing on a person's way and says what comes next. An error is
// a [problem.Problem] or of the connection.
type step func(*walker, *visit) (move, error)

// move is what a person does next, and after how long; or how they ended.
type move struct {
	next  step
	after time.Duration
	// again keeps the time the step was first meant for: a retry the person
	// had no wish for counts into its latency.
	again bool
	end   outcome
}

func then(next step, after time.Duration) (move, error) { return move{next: next, after: after}, nil }
func finish(kind ending) (move, error)                  { return move{end: outcome{kind: kind}}, nil }
func refuse(code string) (move, error) {
	return move{end: outcome{kind: refused, code: code}}, nil
}
