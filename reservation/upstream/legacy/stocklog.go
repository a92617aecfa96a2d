package legacy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// stockLog is an append-only file of JSON lines. Lines are written before they
// are acknowledged but not synced: the simulator promises to survive its own
// death, not the machine's. A nil log keeps nothing.
type stockLog struct {
	file *os.File
	size int64
}

// openStockLog replays what is there. A last line without its end is the mark
// of a death in mid-write, was never acknowledged, and is cut off; any other
// unreadable line is an error.
func openStockLog(path string, replay func(entry)) (*stockLog, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &stockLog{file: file}
	if err := l.replay(replay); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func (l *stockLog) replay(each func(entry)) error {
	reader := bufio.NewReader(l.file)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return l.rewind()
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if e.Key == "" {
			return fmt.Errorf("line %d: no key", number)
		}
		each(e)
		l.size += int64(len(line))
	}
}

// rewind drops whatever stands past the last whole line.
func (l *stockLog) rewind() error {
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	_, err := l.file.Seek(l.size, io.SeekStart)
	return err
}

func (l *stockLog) append(e entry) error {
	if l == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := l.file.Write(line); err != nil {
		// Half a line must not run into the next one.
		return errors.Join(err, l.rewind())
	}
	l.size += int64(len(line))
	return nil
}

func (l *stockLog) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
