package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// standingEvery is how often a process looks whether its directories stand.
const standingEvery = time.Second

// keepStanding ends with an error once the data directory, or one of those in
// it, was removed or replaced under the running process. Open files would go on
// taking writes that nobody finds after the next start.
func keepStanding(ctx context.Context, data string) error {
	found, err := directories(data)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(standingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for path, before := range found {
			if now, err := os.Stat(path); err != nil || !os.SameFile(before, now) {
				return fmt.Errorf("%s was removed or replaced while in use", path)
			}
		}
	}
}

// directories are data and those directly in it.
func directories(data string) (map[string]os.FileInfo, error) {
	entries, err := os.ReadDir(data)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", data, err)
	}
	paths := []string{data}
	for _, e := range entries {
		if e.IsDir() {
			paths = append(paths, filepath.Join(data, e.Name()))
		}
	}
	found := map[string]os.FileInfo{}
	for _, path := range paths {
		if found[path], err = os.Stat(path); err != nil {
			return nil, fmt.Errorf("look at %s: %w", path, err)
		}
	}
	return found, nil
}
