package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// Read yields the entries of the journal at path in the order they were
// written. A last line without its end is a crash in mid-write and is left
// out; any other line that does not parse is an error, which ends the sequence.
func Read(path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Entry{}, fmt.Errorf("open journal: %w", err))
			return
		}
		defer f.Close()
		r := bufio.NewReaderSize(f, 256<<10)
		for line := 1; ; line++ {
			text, err := r.ReadBytes('\n')
			if errors.Is(err, io.EOF) {
				return
			}
			var e Entry
			if err == nil {
				d := json.NewDecoder(bytes.NewReader(text))
				d.DisallowUnknownFields()
				err = d.Decode(&e)
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("journal %s, line %d: %w", path, line, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
