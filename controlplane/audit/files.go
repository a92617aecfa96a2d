package audit

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Endings of a journal's files: as it is written, and packed once it is full.
const (
	plain  = ".jsonl"
	packed = plain + ".gz"
)

// Files of a journal, oldest first: their names sort as they were begun.
func Files(dir, name string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, name+"-*"+plain+"*"))
	if err != nil {
		return nil, fmt.Errorf("list journal: %w", err)
	}
	slices.Sort(files)
	// A crash may leave a file beside what it was packed into.
	return slices.DeleteFunc(files, func(path string) bool {
		twin, isPacked := strings.CutSuffix(path, ".gz")
		return isPacked && slices.Contains(files, twin) || !isPacked && !strings.HasSuffix(path, plain)
	}), nil
}

// Trimmed tells whether older files than those there were let go.
func (j *Journal) Trimmed() bool {
	files, err := Files(j.dir, j.name)
	return err == nil && len(files) > 0 && begins(files[0]) > 0
}

// begins is the index after which a file was begun.
func begins(path string) uint64 {
	_, digits, _ := strings.Cut(filepath.Base(path), "-")
	var index uint64
	_, _ = fmt.Sscanf(digits, "%d", &index)
	return index
}

func readFile(path string, each func(Record, int) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer f.Close()
	if !strings.HasSuffix(path, packed) {
		return scan(f, each)
	}
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return breach(0, "unpack: %v", err)
	}
	return scan(unpacked, each)
}

// Retention says how much of a journal a node keeps. A full file is packed,
// which takes a tenth of the room; of packed ones the oldest go first. What is
// left begins with an anchor, so the chain is verified from there, and by the
// heads that the plan keeps.
type Retention struct {
	// Bytes bounds the packed files of one journal; 0 keeps them all.
	Bytes int64
	// Archive is where a packed file is copied before it goes; empty: nowhere.
	Archive string
}

// keep packs what is full and forgets what is too much.
func (r Retention) keep(dir, name string) error {
	files, err := Files(dir, name)
	if err != nil || len(files) < 2 {
		return err
	}
	files = files[:len(files)-1] // the one in use
	sizes, total := make([]int64, len(files)), int64(0)
	for n, path := range files {
		if strings.HasSuffix(path, plain) {
			if path, err = pack(path); err != nil {
				return err
			}
			files[n] = path
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("keep journal: %w", err)
		}
		sizes[n] = info.Size()
		total += sizes[n]
	}
	for n, path := range files {
		if r.Bytes == 0 || total <= r.Bytes {
			return nil
		}
		if r.Archive != "" {
			if err := replicate(path, filepath.Join(r.Archive, filepath.Base(path)), nil); err != nil {
				return fmt.Errorf("archive journal: %w", err)
			}
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("forget journal: %w", err)
		}
		total -= sizes[n]
	}
	return nil
}

// pack writes a file's content packed beside it, and then removes the file.
func pack(path string) (string, error) {
	to := strings.TrimSuffix(path, plain) + packed
	err := replicate(path, to, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return "", fmt.Errorf("pack journal: %w", err)
	}
	return to, nil
}

// replicate copies a file, through a filter if there is one; the copy is whole
// or not there.
func replicate(from, to string, filter func(io.Writer) io.WriteCloser) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	unfinished := to + ".new"
	target, err := os.OpenFile(unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if filter == nil {
		_, err = io.Copy(target, source)
	} else {
		through := filter(target)
		_, err = io.Copy(through, source)
		err = errors.Join(err, through.Close())
	}
	if err = errors.Join(err, target.Sync(), target.Close()); err == nil {
		err = os.Rename(unfinished, to)
	}
	if err != nil {
		if removed := os.Remove(unfinished); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}
