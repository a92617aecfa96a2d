package client

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sunbeon/controlplane/plan"
)

// cacheInterval is the least time between two writes of the cache: it serves a
// start without a control plane, where ten seconds more or less of age do not
// matter, and every write is an fsync.
const cacheInterval = 10 * time.Second

// cacheFile keeps the last plan on disk. It is always whole: a new one is
// written beside it and renamed over it.
type cacheFile struct {
	path string
}

type cached struct {
	Index   uint64 `json:"index"`
	SavedMS int64  `json:"saved_ms"` // of the last contact with the leader
	// Changes make the plan from the empty one.
	Changes []plan.Change `json:"changes"`
}

func (f *cacheFile) load(now time.Time) (View, error) {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return View{}, fmt.Errorf("read plan cache: %w", err)
	}
	var c cached
	if err := json.Unmarshal(data, &c); err != nil {
		return View{}, fmt.Errorf("read plan cache %s: %w", f.path, err)
	}
	if c.Index == 0 {
		return View{}, fmt.Errorf("read plan cache %s: it holds no plan", f.path)
	}
	p, err := plan.New().With(c.Index, c.Changes...)
	if err != nil {
		return View{}, fmt.Errorf("read plan cache %s: %w", f.path, err)
	}
	return View{
		Plan:      p,
		Index:     c.Index,
		LeaderAge: max(0, now.Sub(time.UnixMilli(c.SavedMS))),
		FromCache: true,
	}, nil
}

func (f *cacheFile) save(v View, now time.Time) error {
	data, err := json.Marshal(cached{
		Index:   v.Index,
		SavedMS: now.Add(-v.LeaderAge).UnixMilli(),
		Changes: plan.Changes(plan.New(), v.Plan),
	})
	if err != nil {
		return fmt.Errorf("write plan cache: %w", err)
	}
	next, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return fmt.Errorf("write plan cache: %w", err)
	}
	defer os.Remove(next.Name()) // gone already once it was renamed
	_, err = next.Write(data)
	if err == nil {
		err = next.Sync()
	}
	if closed := next.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(next.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("write plan cache: %w", err)
	}
	return nil
}

// keep saves the newest view it is handed, at most once an interval and once
// more at the end. It ends when views is closed.
func (f *cacheFile) keep(views <-chan View, report func(error)) {
	var pending *View
	var due <-chan time.Time
	var last uint64
	flush := func() {
		if pending != nil && pending.Index != last {
			report(f.save(*pending, time.Now()))
			last = pending.Index
		}
		pending = nil
	}
	for {
		select {
		case v, open := <-views:
			if !open {
				flush()
				return
			}
			pending = &v
			if last == 0 {
				flush()
			} else if due == nil {
				due = time.After(cacheInterval)
			}
		case <-due:
			due = nil
			flush()
		}
	}
}
