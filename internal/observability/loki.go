package observability

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/go-kit/kit/log"
	"github.com/grafana/loki-client-go/loki"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
)

// Bounds of the queue in front of Loki.
const (
	lokiQueueLines = 4096
	lokiRetries    = 3
	lokiTimeout    = 5 * time.Second
)

// lokiSink copies log lines to Loki without ever making a logger wait. The
// client it feeds blocks its caller for minutes while Loki is down, so a
// bounded queue stands in front of it; when that is full the oldest line goes,
// and is counted.
type lokiSink struct {
	labels  model.LabelSet
	sent    prometheus.Counter
	dropped prometheus.Counter

	mu     sync.Mutex
	more   *sync.Cond
	queue  []lokiLine
	closed bool
	gone   chan struct{}
}

type lokiLine struct {
	at   time.Time
	text string
}

func newLokiSink(rawURL, process, instance string, registry prometheus.Registerer) (*lokiSink, error) {
	if u, err := url.Parse(rawURL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("loki URL %q: want http://host:port/loki/api/v1/push", rawURL)
	}
	cfg, err := loki.NewDefaultConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("configure Loki: %w", err)
	}
	cfg.BackoffConfig.MaxRetries = lokiRetries
	cfg.Timeout = lokiTimeout
	client, err := loki.NewWithLogger(cfg, log.NewNopLogger())
	if err != nil {
		return nil, fmt.Errorf("configure Loki: %w", err)
	}
	s := &lokiSink{
		labels: model.LabelSet{"process": model.LabelValue(process), "instance": model.LabelValue(instance)},
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sunbeon_loki_lines_total", Help: "Log lines handed to the Loki client.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sunbeon_loki_dropped_lines_total", Help: "Log lines dropped because Loki did not keep up; they are on standard error all the same.",
		}),
		gone: make(chan struct{}),
	}
	s.more = sync.NewCond(&s.mu)
	registry.MustRegister(s.sent, s.dropped)
	go s.run(client)
	return s, nil
}

// Write takes one log line; it never blocks and never fails.
func (s *lokiSink) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= lokiQueueLines {
		s.queue = s.queue[1:]
		s.dropped.Inc()
	}
	s.queue = append(s.queue, lokiLine{time.Now(), string(line)})
	s.more.Signal()
	return len(line), nil
}

func (s *lokiSink) run(client *loki.Client) {
	defer close(s.gone)
	for {
		line, ok := s.next()
		if !ok {
			client.Stop()
			return
		}
		client.Handle(s.labels, line.at, line.text)
		s.sent.Inc()
	}
}

// next waits for a line; it reports false once the queue is closed and empty.
func (s *lokiSink) next() (lokiLine, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 {
		if s.closed {
			return lokiLine{}, false
		}
		s.more.Wait()
	}
	line := s.queue[0]
	s.queue = s.queue[1:]
	return line, true
}

// close lets what is queued go out while ctx lasts: the client waits its
// back-off out before it stops, and a process must not.
func (s *lokiSink) close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.more.Signal()
	s.mu.Unlock()
	select {
	case <-s.gone:
	case <-ctx.Done():
	}
}
