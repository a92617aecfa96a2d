package evening

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"sunbeon/controlplane/plan"
)

// The fault of a demonstration: when the stock system loses half of its
// capacity, counted from the opening, and when it is mended.
const (
	faultAfter = 20 * time.Second
	mendAfter  = 40 * time.Second
)

// faceDelay leaves time to read what will happen.
const faceDelay = 4 * time.Second

// tell says what is going to happen, for whoever watches.
func (s *system) tell(screen *screen, cohort plan.Cohort) {
	opens := time.UnixMilli(cohort.OpenMS)
	if until := time.Until(opens); until > 0 {
		screen.say("%d people come: some take a ticket in the lobby before the opening in %.0f s, most at the opening, some after it", s.cfg.People, until.Seconds())
	}
	if cohort.Order == plan.OrderDraw {
		screen.say("a sealed draw gives those in the lobby their turns; everybody after them comes in the order of arrival")
	}
	if s.cfg.Staging != nil {
		screen.say("the evening is %s; its faults count from the opening", s.cfg.Staging.Scenario.Name)
	}
	if s.cfg.Fault {
		screen.say("%.0f s after the opening the stock system loses half of its capacity: the rate falls and the reason is named; at %.0f s it is mended (--no-fault leaves this out)",
			faultAfter.Seconds(), mendAfter.Seconds())
	}
	if s.cfg.Face != nil {
		screen.say("the terminal UI opens in %.0f s; q leaves it, the evening goes on", faceDelay.Seconds())
	}
}

// show opens the face and comes back to the progress lines when it is left.
func (s *system) show(ctx context.Context, screen *screen) *sync.WaitGroup {
	var showing sync.WaitGroup
	showing.Go(func() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(faceDelay):
		}
		if err := screen.behind(func() error { return s.cfg.Face(ctx) }); err != nil && ctx.Err() == nil {
			screen.say("the terminal UI ended: %v", err)
		}
		screen.say("the evening goes on; `sunbeon tui --data %s` opens the terminal UI again, Ctrl-C stops everything", s.dir.path)
	})
	return &showing
}

// act is something done to the running system at a time.
type act struct {
	at  time.Time
	do  func(context.Context) error
	say string
}

// perform does the acts, which are in the order of their times, and returns what
// waits for the end of it.
func (s *system) perform(ctx context.Context, screen *screen, acts []act) (wait func()) {
	ctx, cancel := context.WithCancel(ctx)
	var acting sync.WaitGroup
	acting.Go(func() {
		for _, a := range acts {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(a.at)):
			}
			if err := a.do(ctx); err != nil {
				screen.say("the fault could not be set: %v", err)
				return
			}
			screen.say("%s", a.say)
		}
	})
	return func() { cancel(); acting.Wait() }
}

// faultInMidEvening halves the stock system's capacity for a while, by the same
// door anyone else would use.
func (s *system) faultInMidEvening(opens time.Time) []act {
	put := func(faults string) func(context.Context) error {
		return func(ctx context.Context) error { return s.putFaults(ctx, []byte(faults)) }
	}
	return []act{
		{opens.Add(faultAfter), put(`{"stock":{"capacity_factor":0.5}}`), "the stock system has lost half of its capacity"},
		{opens.Add(mendAfter), put(`{}`), "the stock system is mended"},
	}
}

func (s *system) putFaults(ctx context.Context, faults []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.ports.public(portLegacy)+"/faults", bytes.NewReader(faults))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("put faults: %s", resp.Status)
	}
	return nil
}
