package record

import (
	"os"
	"path/filepath"
)

// Segment is a file of the log as far as it is durable: what may be published.
// Bytes beyond that may still be lost in a crash and written differently, and
// an auditor who saw them would have to call the log rewritten.
type Segment struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Published lists the durable part of the log, oldest file first.
func (l *Log) Published() []Segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Segment(nil), l.published...)
}

// publish notes how far the file being written is durable. mu is held.
func (l *Log) publish() {
	name := filepath.Base(l.path)
	last := len(l.published) - 1
	if last < 0 || l.published[last].Name != name {
		l.published = append(l.published, Segment{Name: name})
		last++
	}
	l.published[last].Bytes = l.size
}

// publishAll lists what a fresh log found.
func (l *Log) publishAll() error {
	list, err := segments(l.config.Dir)
	if err != nil {
		return err
	}
	for _, s := range list {
		info, err := os.Stat(s.path)
		if err != nil {
			return err
		}
		l.published = append(l.published, Segment{Name: info.Name(), Bytes: info.Size()})
	}
	return nil
}
