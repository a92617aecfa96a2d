package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// beatEvery is how often the gate notes that it lives.
	beatEvery = time.Second
	// outage is the silence from which a gate counts as having been down.
	outage = 3 * time.Second
)

// heartbeat is a file whose time of change is when the gate last lived. It is
// not synced: it has to outlive the process, and after a crash of the machine
// an older time only makes an outage, and so people's passes, longer.
type heartbeat struct {
	path string
	now  func() time.Time
}

func newHeartbeat(dir string, now func() time.Time) (*heartbeat, error) {
	h := &heartbeat{path: filepath.Join(dir, "alive"), now: now}
	file, err := os.OpenFile(h.path, os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return h, nil
	case err != nil:
		return nil, fmt.Errorf("open heartbeat: %w", err)
	}
	return h, file.Close()
}

// last is when the gate last lived.
func (h *heartbeat) last() (time.Time, error) {
	info, err := os.Stat(h.path)
	if err != nil {
		return time.Time{}, fmt.Errorf("read heartbeat: %w", err)
	}
	return info.ModTime(), nil
}

// run beats until ctx ends. A beat that fails is no reason to stop serving.
func (h *heartbeat) run(ctx context.Context) error {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		now := h.now()
		os.Chtimes(h.path, now, now)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
