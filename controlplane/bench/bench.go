package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sunbeon/internal/pki"
)

// Settings of a measurement.
type Settings struct {
	// Binary is the program whose `controlplane` is measured.
	Binary string
	// Dir is where everything is kept; a new one in the system's temporary
	// directory, removed afterwards, where it is empty.
	Dir string
	// WithoutEtcd leaves the comparison out.
	WithoutEtcd bool
	Rounds      int
	Round       time.Duration // how long one round of one cluster lasts
	Clients     int
	// Kills is how many leaders are killed, Watchers how many follow at once.
	Kills, Watchers int
	// Progress is told what is being measured.
	Progress func(string)
}

func (s *Settings) validate() error {
	switch {
	case s.Binary == "":
		return errors.New("no binary to measure")
	case s.Rounds < 1 || s.Round <= 0 || s.Clients < 1:
		return errors.New("a comparison needs rounds, their length and clients")
	case s.Kills < 0 || s.Watchers < 0:
		return errors.New("kills and watchers are not negative")
	}
	if s.Progress == nil {
		s.Progress = func(string) {}
	}
	return nil
}

// Run measures everything, one thing after the other.
func Run(ctx context.Context, s Settings) (_ *Report, err error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.Dir == "" {
		if s.Dir, err = os.MkdirTemp("", "sunbeon-bench-"); err != nil {
			return nil, fmt.Errorf("make a directory: %w", err)
		}
		defer func() {
			if err == nil { // the logs say what went wrong
				err = os.RemoveAll(s.Dir)
			}
		}()
	}
	certificates := filepath.Join(s.Dir, "pki")
	if err := pki.Ensure(certificates, time.Now()); err != nil {
		return nil, err
	}
	c, err := newCluster(s.Binary, filepath.Join(s.Dir, "sunbeon"), certificates)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	report := &Report{}
	for _, step := range []struct {
		skip    bool
		measure func(context.Context, *cluster, *Report) error
	}{
		{false, s.writes},
		{s.Watchers == 0, s.watch},
		{s.Kills == 0, s.kill},
	} {
		if step.skip {
			continue
		}
		if err := step.measure(ctx, c, report); err != nil {
			return nil, err
		}
	}
	c.stop()
	s.Progress("filling a plan to its bounds, and starting again with it")
	full, err := restart(ctx, s.Dir)
	if err != nil {
		return nil, err
	}
	report.Restart = &full
	report.sum()
	return report, nil
}

// writes compares, and stops etcd before anything else is measured.
func (s Settings) writes(ctx context.Context, c *cluster, r *Report) error {
	var e *etcd
	if !s.WithoutEtcd {
		var err error
		if e, err = newEtcd(filepath.Join(s.Dir, "etcd"), c.pki); err != nil {
			return err
		}
		defer e.stop()
	}
	s.Progress("starting three nodes")
	if err := c.startAll(ctx); err != nil {
		return err
	}
	if e != nil {
		s.Progress("starting three etcd")
		if err := e.startAll(ctx); err != nil {
			return err
		}
	}
	s.Progress(fmt.Sprintf("writing, %d rounds of %v", s.Rounds, s.Round))
	writes, err := compare(ctx, c, e, s)
	r.Writes = &writes
	return err
}

func (s Settings) watch(ctx context.Context, c *cluster, r *Report) error {
	s.Progress(fmt.Sprintf("telling changes to %d watchers", s.Watchers))
	watched, err := fanout(ctx, c, s.Watchers)
	r.Fanout = &watched
	return err
}

func (s Settings) kill(ctx context.Context, c *cluster, r *Report) error {
	s.Progress(fmt.Sprintf("killing %d leaders under an open line", s.Kills))
	killed, err := failover(ctx, c, s.Kills, s.Progress)
	r.Failover = &killed
	if err == nil && killed.RateRises > 0 {
		err = fmt.Errorf("the admission rate rose after %d of %d kills", killed.RateRises, s.Kills)
	}
	return err
}
