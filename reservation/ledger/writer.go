package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sunbeon/reservation/booking"
)

// Committer runs one batch as one transaction. It calls gather for the batch as
// late as it can, so that requests which arrive while it waits join. Outcomes
// correspond to the batch.
//
// An error that wraps [ErrUnknown] may have been committed all the same; after
// any other nothing was.
type Committer interface {
	Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error)
}

var (
	// ErrUnknown says that a request may or may not have taken effect. Sending
	// it again under the same key tells which.
	ErrUnknown = errors.New("outcome unknown")
	// ErrBusy says that the queue is full. The request had no effect.
	ErrBusy = errors.New("ledger queue is full")
	// ErrUnavailable says that the store could not be written. The request had
	// no effect.
	ErrUnavailable = errors.New("ledger unavailable")
)

// WriterConfig tunes a Writer. The zero value is good.
type WriterConfig struct {
	MaxBatch int           // requests a transaction; 512
	MaxQueue int           // requests waiting; 8192
	Linger   time.Duration // longest wait for a batch as large as the last; 1 ms
	Patience time.Duration // longest a transaction may take; 10 s
	Metrics  *Metrics      // nil counts nothing
	Logger   *slog.Logger  // nil is silent
}

// Writer turns concurrent requests into batches.
type Writer struct {
	store Committer
	cfg   WriterConfig
	queue chan waiting
	last  int // size of the previous batch
}

type waiting struct {
	ctx     context.Context
	request booking.Request
	answer  chan<- answer
}

type answer struct {
	outcome booking.Outcome
	err     error
}

// NewWriter returns a writer; it answers while Run runs.
func NewWriter(store Committer, cfg WriterConfig) *Writer {
	if cfg.MaxBatch <= 0 {
		cfg.MaxBatch = 512
	}
	if cfg.MaxQueue <= 0 {
		cfg.MaxQueue = 8192
	}
	if cfg.Linger <= 0 {
		cfg.Linger = time.Millisecond
	}
	if cfg.Patience <= 0 {
		cfg.Patience = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Writer{store: store, cfg: cfg, queue: make(chan waiting, cfg.MaxQueue)}
}

// Submit waits until the request is committed and returns its outcome. When ctx
// ends first the outcome is unknown.
func (w *Writer) Submit(ctx context.Context, r booking.Request) (booking.Outcome, error) {
	if err := r.Validate(); err != nil {
		return booking.Outcome{}, err
	}
	done := make(chan answer, 1)
	select {
	case w.queue <- waiting{ctx, r, done}:
	default:
		return booking.Outcome{}, ErrBusy
	}
	select {
	case a := <-done:
		return a.outcome, a.err
	case <-ctx.Done():
		return booking.Outcome{}, fmt.Errorf("%w: %w", ErrUnknown, context.Cause(ctx))
	}
}

// Run commits batches until ctx ends and then those already queued. Callers must
// stop submitting before they end ctx, or their last requests stay unknown.
func (w *Writer) Run(ctx context.Context) error {
	for {
		select {
		case first := <-w.queue:
			w.batch(first)
		case <-ctx.Done():
			for {
				select {
				case first := <-w.queue:
					w.batch(first)
				default:
					return nil
				}
			}
		}
	}
}

// batch commits first and all that has gathered behind it.
func (w *Writer) batch(first waiting) {
	batch := w.linger(append(make([]waiting, 0, max(w.last, 1)), first))
	var began time.Time
	gather := func() []booking.Request {
		began = time.Now()
		batch = present(w.drain(batch))
		requests := make([]booking.Request, len(batch))
		for i, wait := range batch {
			requests[i] = wait.request
		}
		return requests
	}
	outcomes, err := w.commit(gather)
	w.last = len(batch)
	if err != nil {
		if !errors.Is(err, ErrUnknown) {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		w.cfg.Logger.Error("batch lost", "size", len(batch), "error", err)
	} else {
		w.cfg.Metrics.observe(len(batch), time.Since(began))
	}
	for i, wait := range batch {
		if err != nil {
			wait.answer <- answer{err: err}
			continue
		}
		w.cfg.Metrics.count(wait.request.Kind, outcomes[i].Code)
		wait.answer <- answer{outcome: outcomes[i]}
	}
}

// retries are the pauses before a lost batch is tried again. Whether it was
// committed or not does not matter: every request in it has its key.
var retries = []time.Duration{20 * time.Millisecond, 200 * time.Millisecond, time.Second}

func (w *Writer) commit(gather func() []booking.Request) ([]booking.Outcome, error) {
	// Not a caller's context: one who leaves must not undo the others' bookings.
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.Patience)
	defer cancel()
	outcomes, err := w.store.Commit(ctx, gather)
	unknown := errors.Is(err, ErrUnknown)
	for _, pause := range retries {
		if err == nil || ctx.Err() != nil {
			break
		}
		w.cfg.Logger.Warn("batch tried again", "error", err)
		time.Sleep(pause)
		outcomes, err = w.store.Commit(ctx, gather)
		unknown = unknown || errors.Is(err, ErrUnknown)
	}
	if err != nil && unknown && !errors.Is(err, ErrUnknown) {
		err = fmt.Errorf("%w: %w", ErrUnknown, err) // an earlier attempt may have been committed
	}
	return outcomes, err
}

// linger gives the callers just answered a moment to come back: without it
// they would split into two halves that take turns, in batches half the size.
// Someone who books alone does not wait.
func (w *Writer) linger(batch []waiting) []waiting {
	batch = w.drain(batch)
	if len(batch) >= w.last {
		return batch
	}
	timer := time.NewTimer(w.cfg.Linger)
	defer timer.Stop()
	for len(batch) < min(w.last, w.cfg.MaxBatch) {
		select {
		case next := <-w.queue:
			batch = append(batch, next)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

func (w *Writer) drain(batch []waiting) []waiting {
	for len(batch) < w.cfg.MaxBatch {
		select {
		case next := <-w.queue:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// present drops the requests whose callers have given up. They were told that
// the outcome is unknown; it is now that nothing happened.
func present(batch []waiting) []waiting {
	kept := batch[:0]
	for _, wait := range batch {
		if wait.ctx.Err() == nil {
			kept = append(kept, wait)
		}
	}
	return kept
}
