package rush_test

import (
	"strings"
	"testing"
	"time"

	"sunbeon/reservation/rush"
)

func TestMeterShowsProgress(t *testing.T) {
	early := rush.Progress{People: 200, Elapsed: 2 * time.Second, UntilOpen: 1500 * time.Millisecond, Counts: rush.Counts{Arrived: 40, Tickets: 30}}
	late := rush.Progress{People: 200, Elapsed: 4 * time.Second, UntilOpen: -time.Second, Counts: rush.Counts{Arrived: 150, Bookings: 60, Booked: 50, Errors: 3}}
	f := func(terminal bool, want string) {
		t.Helper()
		var out strings.Builder
		m := rush.NewMeter(&out, terminal)
		m.Show(early)
		m.Show(late)
		m.Done()
		if out.String() != want {
			t.Errorf("terminal %v:\n%q\nwant\n%q", terminal, out.String(), want)
		}
	}
	f(false, "    2s opens in 1s  people 40/200  tickets 30  passes 0  bookings 0 (0/s)  errors 0\n"+
		"    4s open  people 150/200  tickets 0  passes 0  bookings 60 (30/s)  errors 3\n")
	f(true, "\r\x1b[K░░░░░░░░░░░░░░░░░░░░░░░░ opens in 1s  people 40/200  tickets 30  passes 0  bookings 0 (0/s)  errors 0"+
		"\r\x1b[K██████░░░░░░░░░░░░░░░░░░ open  people 150/200  tickets 0  passes 0  bookings 60 (30/s)  errors 3\n")
}
