package opsapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

const (
	// bookmarkEvery is how long a stream stays silent.
	bookmarkEvery = time.Second
	// patience is how long one message may take to leave before its follower
	// is cut off.
	patience = 5 * time.Second
	// maxWatchers bounds the open watches of a node.
	maxWatchers = 4096
)

// published are the sections a watch may carry: all but the operators, whose
// token hashes concern the nodes only.
var published = []plan.Topic{
	plan.TopicCluster, plan.TopicAdmission, plan.TopicReplicas, plan.TopicCohorts, plan.TopicSegments,
	plan.TopicLines, plan.TopicInstances, plan.TopicOverrides, plan.TopicHolds, plan.TopicFreezes,
	plan.TopicPasses, plan.TopicCheckpoints, plan.TopicControllers, plan.TopicDecisions,
	plan.TopicProposals, plan.TopicUndos, plan.TopicIncidents, plan.TopicHandovers, plan.TopicMembers,
	plan.TopicTrials,
}

// serveWatch streams the plan until the follower leaves, proves too slow, or
// the node stops.
func (a *API) serveWatch(w http.ResponseWriter, r *http.Request) {
	topics, err := topicsOf(r)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	since, resume, err := lastEventID(r)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	select {
	case a.watchers <- struct{}{}:
		defer func() { <-a.watchers }()
	default:
		problem.WriteRetry(w, http.StatusServiceUnavailable, "too_many_watchers", "ask another node", time.Second)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-a.closing:
			cancel()
		case <-ctx.Done():
		}
	}()

	slices.Sort(topics)
	f := &following{api: a, request: r, topics: topics, named: fmt.Sprint(topics), to: stream.NewWriter(w, patience)}
	if resume {
		f.subscription = a.node.Subscribe(since, topics...)
	} else if f.snapshot() != nil {
		return
	}
	if err := f.run(ctx); err != nil && ctx.Err() == nil {
		a.logger.DebugContext(ctx, "watch ended", "error", err)
	}
}

// following is one open watch.
type following struct {
	api          *API
	request      *http.Request
	topics       []plan.Topic
	named        string // the topics, for what is encoded once for all who ask for them
	to           *stream.Writer
	subscription *consensus.Subscription
	admitted     time.Time // when the token was last looked at
	ahead        int       // bookmarks in a row that found the follower ahead
}

// aheadFor is for how many bookmarks a follower may be ahead of a node that
// hears from the leader. A node lags for a moment; whoever stays ahead has an
// index that this cluster never told.
const aheadFor = 5

var errNotAdmitted = errors.New("the follower's token does not count any more")

// run sends what happens, and a bookmark whenever nothing did for a while. It
// returns when the stream has to end.
func (f *following) run(ctx context.Context) error {
	for {
		if !f.stillAdmitted() {
			return errNotAdmitted
		}
		quiet, cancel := context.WithTimeout(ctx, bookmarkEvery)
		event, err := f.subscription.Next(quiet)
		cancel()
		switch {
		case err == nil:
			err = f.send(stream.Change, event.Index, func() []plan.Change { return event.Changes })
		case errors.Is(err, consensus.ErrCompacted), f.isAhead(err):
			if err = f.send(stream.Compacted, f.index(), nil); err == nil {
				err = f.snapshot()
			}
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			err = f.send(stream.Bookmark, f.index(), nil)
		}
		if err != nil {
			return err
		}
	}
}

// stillAdmitted looks each second whether the follower would be let in anew: a
// token that was taken away or has expired ends what was opened with it.
// Processes are let in by their certificate.
func (f *following) stillAdmitted() bool {
	now := time.Now()
	operator := OperatorOf(f.request.Context())
	if operator.Name == "" || now.Sub(f.admitted) < bookmarkEvery {
		return true
	}
	f.admitted = now
	known, err := f.api.operators.identify(f.request)
	return err == nil && known.Name == operator.Name
}

// isAhead tells, where nothing came for a while, whether the follower asked for
// what comes after an index that there is not.
func (f *following) isAhead(err error) bool {
	_, index := f.api.node.Plan()
	if !errors.Is(err, context.DeadlineExceeded) || f.subscription.Index() <= index || f.api.node.LeaderContact() > time.Second {
		f.ahead = 0
		return false
	}
	f.ahead++
	if f.ahead < aheadFor {
		return false
	}
	f.ahead = 0
	return true
}

// snapshot sends the whole plan and follows on from it.
func (f *following) snapshot() error {
	p, index := f.api.node.Plan()
	err := f.send(stream.Snapshot, index, func() []plan.Change {
		return slices.DeleteFunc(plan.Changes(plan.New(), p), func(c plan.Change) bool {
			return !slices.Contains(f.topics, c.Topic)
		})
	})
	if err != nil {
		return err
	}
	f.subscription = f.api.node.Subscribe(index, f.topics...)
	return nil
}

// send one message. What changed is encoded once for all who ask for the same
// topics; changes is nil where nothing did.
func (f *following) send(kind stream.Kind, index uint64, changes func() []plan.Change) error {
	var encoded stream.Changes
	if changes != nil {
		var err error
		if encoded, err = f.api.encodings.get(encodingKey{kind, index, f.named}, changes); err != nil {
			return err
		}
	}
	return f.to.Send(kind, index, f.api.node.LeaderContact(), encoded)
}

// index is how far the follower is told everything: never further than the
// node itself, which may lag behind what another node told the follower.
func (f *following) index() uint64 {
	_, index := f.api.node.Plan()
	return min(index, f.subscription.Index())
}

func topicsOf(r *http.Request) ([]plan.Topic, error) {
	asked := r.URL.Query().Get("topics")
	if asked == "" {
		return slices.Clone(published), nil
	}
	var topics []plan.Topic
	for name := range strings.SplitSeq(asked, ",") {
		topic := plan.Topic(strings.TrimSpace(name))
		if !slices.Contains(published, topic) {
			return nil, errors.New("no topic " + strconv.Quote(string(topic)) + " to watch")
		}
		topics = append(topics, topic)
	}
	return topics, nil
}

func lastEventID(r *http.Request) (index uint64, resume bool, err error) {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		return 0, false, nil
	}
	index, err = strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0, false, errors.New("Last-Event-ID is not an index of this stream")
	}
	return index, true, nil
}
