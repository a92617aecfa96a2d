package evening

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"sunbeon/controlplane/opsapi/client"
)

// readyTimeout is how long the processes may take to become healthy; on a
// quiet machine they take two seconds.
const readyTimeout = 60 * time.Second

// Run runs one evening and returns when it is over: when cfg.For has passed,
// when the last citizen is through, or when ctx ends. began is when the
// process started. It returns an error where the evening could not be started
// or the audit found something lost, doubled or out of turn.
func Run(ctx context.Context, cfg Config, began time.Time) (err error) {
	if err := cfg.Validate(); err != nil {
		return err
	}
	interrupt := ctx
	defer func() {
		if interrupt.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // Ctrl-C is how an evening is ended, however early
		}
	}()
	if cfg.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, began.Add(cfg.For), fmt.Errorf("--for %s is over", cfg.For))
		defer cancel()
	}
	dir, err := lockDataDir(cfg.Data)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := ports(cfg.PortBase).check(); err != nil {
		return err
	}
	if err := dir.fill(began, cfg.PortBase); err != nil {
		return err
	}
	screen := newScreen(cfg.Out, cfg.Terminal, began)
	s := newSystem(cfg, dir, screen.say)
	if err := errors.Join(s.stock(began), s.stage()); err != nil {
		return err
	}
	screen.say("starting %s in %s", strings.Join(s.names(), ", "), dir.path)
	s.start()
	defer func() {
		screen.say("stopping")
		s.stop()
		screen.say("stopped; everything is kept in %s", dir.path)
	}()
	ready, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("not healthy within %s (logs: %s)", readyTimeout, dir.join("logs")))
	err = s.awaitReady(ready)
	cancel()
	if err != nil {
		return err
	}
	if err := errors.Join(s.writeAddresses(), dir.begin()); err != nil {
		return err
	}
	screen.table(s.addresses())
	screen.say("ready after %.1f s", time.Since(began).Seconds())
	return s.open(ctx, screen, began)
}

// open agrees the cohort, sends the citizens through it and reports.
func (s *system) open(ctx context.Context, screen *screen, began time.Time) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	watching, stopWatching := context.WithCancel(ctx)
	observer := newObserver(screen.say)
	watched := make(chan error, 1)
	go func() { watched <- c.Watch(watching, observer.observe) }()
	var sampling sync.WaitGroup
	defer func() { stopWatching(); sampling.Wait(); <-watched }()

	cohort, carriedOn, err := s.agree(ctx, c, time.Now())
	if err != nil {
		return fmt.Errorf("agree the evening: %w", err)
	}
	observer.follow(cohort.ID)
	if err := s.awaitWAS(ctx, observer); err != nil {
		return err
	}
	if carriedOn {
		screen.say("carrying on with %s, which is %s; --open-in, --order and --rate are left as they were agreed", cohort.ID, cohort.Phase)
	} else {
		screen.say("%s opens at %s, order: %s", cohort.ID, time.UnixMilli(cohort.OpenMS).Format(time.TimeOnly), cohort.Order)
	}
	progress := screen.follow(observer.line)
	defer progress.stop()
	if s.cfg.People == 0 {
		return s.rest(ctx, observer, nil)
	}
	s.tell(screen, cohort)
	opens := time.UnixMilli(cohort.OpenMS)
	var acts []act
	switch {
	case s.cfg.Staging != nil:
		acts = s.scenarioActs(opens)
		sampling.Go(func() { observer.sample(watching, opens) })
	case s.cfg.Fault:
		acts = s.faultInMidEvening(opens)
	}
	stopActs := s.perform(ctx, screen, acts)
	defer stopActs()
	if s.cfg.Face != nil {
		showing := s.show(ctx, screen)
		defer showing.Wait()
	}
	var lasts time.Duration
	switch {
	case s.cfg.Staging != nil:
		lasts = time.Until(opens) + s.cfg.Staging.Length()
	case s.cfg.For > 0:
		lasts = max(s.cfg.For-time.Since(began), time.Second)
	}
	crowd, err := s.send(cohort.ID, lasts)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-crowd.process.Done():
	}
	crowd.stop()
	progress.stop()
	result, err := crowd.result()
	if err != nil {
		return err
	}
	report := merge(result, observer.observations())
	screen.summary(report)
	if s.cfg.Staging != nil {
		// Whoever ended the evening still wants to know how far apart it was.
		if report["simulation"], err = s.compare(context.WithoutCancel(ctx), screen, crowd, observer); err != nil {
			return err
		}
	}
	err = errors.Join(s.writeReport(report), report.violations())
	if err != nil || !s.cfg.StayUp {
		return err
	}
	screen.say("the evening is over; the system stays up until Ctrl-C")
	<-ctx.Done()
	return nil
}

// rest keeps a system without synthetic citizens up until ctx ends.
func (s *system) rest(ctx context.Context, o *observer, result map[string]any) error {
	<-ctx.Done()
	return s.writeReport(merge(result, o.observations()))
}

// client speaks to the control plane as the operator.
func (s *system) client() (*client.Client, error) {
	token, err := os.ReadFile(s.dir.join(tokenFile))
	if err != nil {
		return nil, fmt.Errorf("read operator token: %w", err)
	}
	return client.New(client.Config{
		Addresses: s.each(portOps, s.ports.public),
		Token:     strings.TrimSpace(string(token)),
		Logger:    slog.New(slog.DiscardHandler),
	})
}
