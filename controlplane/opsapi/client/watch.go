package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

const (
	// silence is how long a stream may say nothing before it counts as dead:
	// nodes send a bookmark every second.
	silence = 4 * time.Second
	// cutOff is the age of leader contact from which a node counts as cut off
	// from the others, who may know more.
	cutOff = 3 * time.Second
	// roam is how long to stay with a cut-off node, once all of them were
	// found so, before looking around again.
	roam = 10 * time.Second
	// foreign is how long a node in touch with its leader may stay behind the
	// follower's index: longer, and its log is another one than the follower's
	// (a cluster restored or made anew), so the follower starts over.
	foreign = 5 * time.Second
)

// View is the plan as of one moment. It is immutable and may be kept.
type View struct {
	Plan *plan.Plan
	// Index is the Raft index the plan is at.
	Index uint64
	// LeaderAge is how old the node's contact with the leader was when the
	// view was delivered; for a cached view, the age of the file as well.
	LeaderAge time.Duration
	// FromCache marks a view read from CacheFile.
	FromCache bool
	// Address is the node that told it; empty for a cached view.
	Address string
}

// Watch calls deliver with every new state of the plan, and about once a
// second with the same plan and the age of leader contact, until ctx ends,
// whose error it returns. Views come one at a time and their Index never
// decreases, save when the control plane itself was made anew. When no node
// answers at the start, the first view is the cached one.
//
// A refusal (wrong role, wrong token) ends the watch at once with its
// *problem.Problem: another attempt would not help.
func (c *Client) Watch(ctx context.Context, deliver func(View)) error {
	f := &follower{client: c, deliver: deliver}
	if c.cache != nil {
		views, done := make(chan View, 1), make(chan struct{})
		f.save = views
		go func() {
			defer close(done)
			c.cache.keep(views, func(err error) {
				if err != nil {
					c.logger.Warn("plan cache", "error", err)
				}
			})
		}()
		defer func() { close(views); <-done }()
	}
	return f.run(ctx)
}

// follower is the state of one Watch.
type follower struct {
	client  *Client
	deliver func(View)
	save    chan View

	view View // what was last taken in; Plan is nil before
	// strikes counts cut-off nodes in a row; roamAt is when to leave the one
	// settled for.
	strikes int
	roamAt  time.Time
	// behind is since when the node, though in touch with its leader, is not
	// as far as the follower; zero when it is.
	behind time.Time
}

var (
	errCutOff  = errors.New("the node lost touch with its leader")
	errForeign = errors.New("the node's log is not the one followed so far")
)

func (f *follower) run(ctx context.Context) error {
	c := f.client
	for n := 0; ; n++ {
		address := c.address()
		progressed, err := f.follow(ctx, address)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var refused *problem.Problem
		if errors.As(err, &refused) && refused.Status < 500 && refused.Status != http.StatusTooManyRequests {
			return fmt.Errorf("watch %s: %w", address, refused)
		}
		c.logger.Debug("watch moves on", "from", address, "error", err)
		c.leave(address)
		if progressed {
			n = 0
		}
		if n == len(c.addresses)-1 && f.view.Plan == nil {
			f.startFromCache()
		}
		if !sleep(ctx.Done(), c.backoff(n)) {
			return ctx.Err()
		}
	}
}

func (f *follower) startFromCache() {
	if f.client.cache == nil {
		return
	}
	v, err := f.client.cache.load(time.Now())
	if err != nil {
		f.client.logger.Warn("no control-plane node answers and no cached plan helps", "error", err)
		return
	}
	f.view = v
	f.deliver(v)
}

// follow reads one node's stream until it ends or the node proves unfit, and
// reports whether anything was taken in.
func (f *follower) follow(ctx context.Context, address string) (progressed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.client.watchURL(address), nil)
	if err != nil {
		return false, err
	}
	f.client.authorize(req)
	req.Header.Set("Accept", "text/event-stream")
	// A cached plan is not resumed from: the cluster behind it may be another.
	if f.view.Plan != nil && !f.view.FromCache {
		req.Header.Set("Last-Event-ID", strconv.FormatUint(f.view.Index, 10))
	}
	resp, err := f.client.http.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, problem.Read(resp)
	}

	watchdog := time.AfterFunc(silence, func() { cancel(errors.New("the stream fell silent")) })
	defer watchdog.Stop()
	messages := stream.NewReader(resp.Body)
	f.behind = time.Time{}
	for {
		m, err := messages.Next()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return progressed, err
		}
		watchdog.Reset(silence)
		if err := f.take(m, address, time.Now()); err != nil {
			return progressed, err
		}
		progressed = true
	}
}

func (c *Client) watchURL(address string) string {
	u := address + c.prefix + "/watch"
	if len(c.topics) > 0 {
		names := make([]string, len(c.topics))
		for i, topic := range c.topics {
			names[i] = string(topic)
		}
		u += "?topics=" + url.QueryEscape(strings.Join(names, ","))
	}
	return u
}

// take brings one message into the view. Messages at or below the index held
// are old news from a node that lags, and are skipped: the log is the same, so
// what they would bring is in the view already.
func (f *follower) take(m stream.Message, address string, now time.Time) error {
	if err := f.judge(m, now); err != nil {
		return err
	}
	if f.adrift(m) {
		return nil
	}
	next := View{Plan: f.view.Plan, Index: max(m.Index, f.view.Index), LeaderAge: m.LeaderAge, Address: address}
	fresh := f.view.Plan == nil || f.view.FromCache
	switch m.Kind {
	case stream.Compacted:
		return nil
	case stream.Snapshot:
		if fresh || m.Index > f.view.Index {
			p, err := plan.New().With(m.Index, m.Changes...)
			if err != nil {
				return fmt.Errorf("take in snapshot: %w", err)
			}
			next.Plan, next.Index = p, m.Index
		}
	default:
		if fresh {
			return fmt.Errorf("%s before any snapshot", m.Kind)
		}
		if m.Index > f.view.Index && len(m.Changes) > 0 {
			p, err := f.view.Plan.With(m.Index, m.Changes...)
			if err != nil {
				return fmt.Errorf("take in change %d: %w", m.Index, err)
			}
			next.Plan = p
		}
	}
	f.view = next
	f.deliver(next)
	f.remember(next)
	return nil
}

// adrift reports whether m comes from a node that has no leader and knows less
// than the cache: just restarted, it has applied nothing newer than its last
// snapshot until a leader tells it what was committed.
func (f *follower) adrift(m stream.Message) bool {
	if m.LeaderAge < cutOff {
		return false
	}
	if f.view.Plan == nil {
		f.startFromCache()
	}
	return f.view.FromCache && m.Index < f.view.Index
}

// judge finds nodes that should not be followed on.
func (f *follower) judge(m stream.Message, now time.Time) error {
	if m.LeaderAge < cutOff {
		f.strikes, f.roamAt = 0, time.Time{}
	} else if f.roamAt.IsZero() || now.After(f.roamAt) {
		f.strikes++
		if f.strikes%len(f.client.addresses) != 0 {
			return errCutOff
		}
		f.roamAt = now.Add(roam)
	}

	ahead := f.view.Plan != nil && !f.view.FromCache && m.Index < f.view.Index && m.LeaderAge < time.Second
	switch {
	case !ahead:
		f.behind = time.Time{}
	case f.behind.IsZero():
		f.behind = now
	case now.Sub(f.behind) > foreign:
		f.view = View{}
		return errForeign
	}
	return nil
}

// remember hands the view to the cache, replacing one not taken yet.
func (f *follower) remember(v View) {
	if f.save == nil {
		return
	}
	select {
	case <-f.save:
	default:
	}
	f.save <- v // never blocks: the channel holds one and only we fill it
}
