package actuator_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/actuator"
	"sunbeon/controlplane/plan"
)

type scaler struct {
	asked []int
	err   error
}

func (s *scaler) Scale(_ context.Context, replicas int) error {
	s.asked = append(s.asked, replicas)
	return s.err
}

func follow(s *scaler, now *time.Time, log *bytes.Buffer) *actuator.Follower {
	return actuator.NewFollower(actuator.Config{
		Scaler:   s,
		Registry: prometheus.NewRegistry(),
		Logger:   slog.New(slog.NewTextHandler(log, nil)),
		Now:      func() time.Time { return *now },
	})
}

func wants(replicas int, term, index uint64) *plan.Plan {
	p := plan.New()
	p.Replicas.Desired, p.Replicas.Max = replicas, 100
	p.Replicas.Term, p.Index = term, index
	return p
}

func TestOnlyTheNewestWordIsObeyed(t *testing.T) {
	s, now := &scaler{}, time.Unix(1000, 0)
	f := follow(s, &now, &bytes.Buffer{})
	for _, p := range []*plan.Plan{
		wants(2, 3, 10),
		wants(9, 2, 11), // a deposed leader, though its node is ahead
		wants(9, 3, 9),  // a node that lags behind
		wants(5, 4, 12),
		wants(9, 3, 13),
		wants(4, 4, 12), // the same plan later, when an override has ended
	} {
		f.Follow(t.Context(), p)
	}
	if diff := cmp.Diff([]int{2, 5, 4}, s.asked); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if got, ok := f.Last(); !ok || got != (actuator.Order{Replicas: 4, Term: 4, Index: 12}) {
		t.Errorf("last order %+v", got)
	}
}

func TestControlPlaneMadeAnewIsBelievedInTheEnd(t *testing.T) {
	s, now := &scaler{}, time.Unix(1000, 0)
	f := follow(s, &now, &bytes.Buffer{})
	f.Follow(t.Context(), wants(5, 9, 900))
	for range 40 { // the watch repeats itself about once a second
		f.Follow(t.Context(), wants(3, 1, 7))
		if now.Sub(time.Unix(1000, 0)) < 30*time.Second && len(s.asked) != 1 {
			t.Fatalf("obeyed after %v", now.Sub(time.Unix(1000, 0)))
		}
		now = now.Add(time.Second)
	}
	if len(s.asked) < 2 || s.asked[len(s.asked)-1] != 3 {
		t.Errorf("asked %v, want 3 in the end", s.asked)
	}
}

func TestOverrideEndsByTheClock(t *testing.T) {
	s, now := &scaler{}, time.Unix(1000, 0)
	f := follow(s, &now, &bytes.Buffer{})
	p := wants(2, 1, 1)
	p.Overrides = map[string]plan.Override{plan.TargetReplicas: {
		Target: plan.TargetReplicas, Value: 7, UntilMS: now.Add(time.Minute).UnixMilli(),
	}}
	f.Follow(t.Context(), p)
	now = now.Add(2 * time.Minute)
	f.Follow(t.Context(), p)
	if diff := cmp.Diff([]int{7, 2}, s.asked); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
}

func TestScalerInTroubleIsAskedAgainAndToldOnce(t *testing.T) {
	var log bytes.Buffer
	s, now := &scaler{err: errors.New("no room")}, time.Unix(1000, 0)
	f := follow(s, &now, &log)
	for range 3 {
		f.Follow(t.Context(), wants(2, 1, 1))
	}
	if len(s.asked) != 3 || strings.Count(log.String(), "no room") != 1 {
		t.Errorf("asked %v; log:\n%s", s.asked, log.String())
	}
}
