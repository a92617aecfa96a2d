package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// errTorn is a last line that a crash cut off.
var errTorn = errors.New("the last line is cut off")

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
			return fmt.Errorf("read journal: line %d: %w", n, err)
		}
		if err := each(line, len(raw)); err != nil {
			return err
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
	enough := errors.New("enough")
	for i, path := range files {
		if i+1 < len(files) && begins(files[i+1]) <= since {
			continue // all of it is older
		}
		err := readFile(path, func(line Record) error {
			if line.Index > since {
				lines = append(lines, line)
			}
			if len(lines) == limit {
				return enough
			}
			return nil
		})
		if errors.Is(err, enough) {
			break
		}
		// The line that is being written is not there yet.
		if err != nil && !errors.Is(err, errTorn) {
			return nil, err
		}
	}
	return lines, nil
}

// begins is the index after which a file was begun.
func begins(path string) uint64 {
	var index uint64
	if len(path) > 26 {
		_, _ = fmt.Sscanf(path[len(path)-26:], "%d.jsonl", &index)
	}
	return index
}

func readFile(path string, each func(Record) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer f.Close()
	return scan(f, func(line Record, _ int) error { return each(line) })
}
