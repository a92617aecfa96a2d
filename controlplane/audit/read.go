package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// errTorn is a last line that a crash cut off.
var errTorn = errors.New("the last line is cut off")

// errEnough ends a scan early.
var errEnough = errors.New("enough")

// maxLine bounds a line: a command's body and what surrounds it.
const maxLine = 1 << 20

// scan gives each line and its length in bytes, newline included.
func scan(r io.Reader, each func(Record, int) error) error {
	lines := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		raw, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(raw) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return errTorn
		case err != nil:
			return fmt.Errorf("read journal: line %d: %w", n, err)
		}
		var line Record
		if err := json.Unmarshal(raw, &line); err != nil {
			return &BreachError{Line: n, What: err.Error()}
		}
		if !bytes.Equal(line.text(), raw) {
			return &BreachError{Index: line.Index, Line: n, What: fmt.Sprintf("index %d is not written as it was", line.Index)}
		}
		if err := each(line, len(raw)); err != nil {
			if errors.Is(err, errEnough) {
				return err
			}
			if broken := (*BreachError)(nil); errors.As(err, &broken) {
				broken.Line = n
				return broken
			}
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// Read returns up to limit lines after index since.
func (j *Journal) Read(since uint64, limit int) ([]Record, error) {
	j.mu.Lock()
	var err error
	if j.buffer != nil {
		err = j.buffer.Flush()
	}
	j.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	files, err := Files(j.dir, j.name)
	if err != nil {
		return nil, err
	}
	lines := []Record{}
	for i, path := range files {
		if i+1 < len(files) && begins(files[i+1]) <= since {
			continue // all of it is older
		}
		err := readFile(path, func(line Record, _ int) error {
			if line.Index > since && !line.Anchor {
				lines = append(lines, line)
			}
			if len(lines) == limit {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			break
		}
		// The line that is being written is not there yet.
		if err != nil && !errors.Is(err, errTorn) {
			return nil, err
		}
	}
	return lines, nil
}
