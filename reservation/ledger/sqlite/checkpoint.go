package sqlite

import (
	"context"
	"sync"
)

// checkpoints write the WAL back into the file beside the batches: on the way of
// one it would hold it, and all behind it, up for tens of milliseconds.
type checkpoints struct {
	pages int           // written since the last one, roughly; under the writers' lock
	due   chan struct{} // has room for one
	stop  context.CancelFunc
	ended sync.WaitGroup
}

const (
	checkpointPages = 1000 // 4 MB
	// Where checkpoints do not get through, as behind a long reader, the writer
	// makes one itself in the end.
	lastCheckpointPages = 32 * checkpointPages
)

func (s *Store) startCheckpoints() {
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpoints{due: make(chan struct{}, 1), stop: stop}
	s.checkpoints = c
	c.ended.Go(func() {
		for {
			select {
			case <-c.due:
				s.checkpoint(ctx) // what fails now is written back by the next
			case <-ctx.Done():
				return
			}
		}
	})
}

// end waits for one under way. A nil receiver never began.
func (c *checkpoints) end() {
	if c != nil {
		c.stop()
		c.ended.Wait()
	}
}

// wrote counts a batch: eight bookings fill a page, filing dirties about as many,
// and each batch a few more.
func (c *checkpoints) wrote(requests int) {
	if c.pages += requests/4 + 4; c.pages < checkpointPages {
		return
	}
	c.pages = 0
	select {
	case c.due <- struct{}{}:
	default:
	}
}

// checkpoint leaves the next writer a WAL to begin anew. Nobody may write until
// it does, or the WAL would grow for ever: so what batches have added meanwhile
// is written back once more beside them, and the little after that in the lock.
func (s *Store) checkpoint(ctx context.Context) error {
	for range 2 {
		if err := s.writeBack(ctx); err != nil {
			return err
		}
	}
	return s.write(ctx, func() error { return s.writeBack(ctx) })
}

func (s *Store) writeBack(ctx context.Context) error {
	_, err := s.reads.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
	return err
}
