package audit

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Hash is one link of a chain.
type Hash = [sha256.Size]byte

// Link is the chain's next link.
func Link(before Hash, index uint64, entry []byte) Hash {
	data := binary.BigEndian.AppendUint64(before[:], index)
	return sha256.Sum256(append(data, entry...))
}

// Record is one line of a journal.
type Record struct {
	Index uint64          `json:"index"`
	Chain string          `json:"chain"` // hex
	Gap   bool            `json:"gap,omitempty"`
	Entry json.RawMessage `json:"entry,omitempty"`
}

// rotateBytes is the size from which a journal goes on in a new file. Old files
// are never touched again: archiving them is the site's.
const rotateBytes = 64 << 20

// Journal appends to the files of one chain. It is safe for concurrent use.
type Journal struct {
	dir, name string
	lock      *os.File

	mu      sync.Mutex
	file    *os.File
	buffer  *bufio.Writer
	size    int64
	last    uint64
	chain   Hash
	failure error // the first; from then on nothing is written
}

// Open finds the end of a journal, or begins one. A line that a crash cut off
// is cut away: what it told is told again, or was never acknowledged.
func Open(dir, name string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make journal directory: %w", err)
	}
	j := &Journal{dir: dir, name: name}
	if err := j.acquire(); err != nil {
		return nil, err
	}
	if err := j.find(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// acquire keeps a second process from cutting off what this one is writing.
func (j *Journal) acquire() error {
	lock, err := os.OpenFile(filepath.Join(j.dir, j.name+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock journal: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("journal %s in %s is in use by another process: %w", j.name, j.dir, err), lock.Close())
	}
	j.lock = lock
	return nil
}

// find goes on from the last whole line there is.
func (j *Journal) find() error {
	files, err := Files(j.dir, j.name)
	if err != nil {
		return err
	}
	// The newest file may hold nothing whole yet; then the one before it ends.
	for _, path := range slices.Backward(files) {
		whole, last, err := end(path)
		if err != nil {
			return err
		}
		if j.file == nil {
			if err := j.resume(path, whole); err != nil {
				return err
			}
		}
		if last != nil {
			raw, err := hex.DecodeString(last.Chain)
			if err != nil || copy(j.chain[:], raw) != sha256.Size {
				return fmt.Errorf("journal %s ends with the chain %q", path, last.Chain)
			}
			j.last = last.Index
			break
		}
	}
	return nil
}

// Files of a journal, oldest first: their names sort as they were begun.
func Files(dir, name string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, name+"-*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("list journal: %w", err)
	}
	slices.Sort(files)
	return files, nil
}

// end finds the last whole line of a file and how many bytes are whole.
func end(path string) (whole int64, last *Record, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, nil, fmt.Errorf("open journal: %w", err)
	}
	defer f.Close()
	err = scan(f, func(line Record, bytes int) error {
		whole += int64(bytes)
		last = &line
		return nil
	})
	if errors.Is(err, errTorn) {
		err = nil
	}
	return whole, last, err
}

func (j *Journal) resume(path string, whole int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err == nil {
		if err = f.Truncate(whole); err == nil {
			_, err = f.Seek(whole, 0)
		}
	}
	if err != nil {
		return fmt.Errorf("resume journal: %w", err)
	}
	j.file, j.buffer, j.size = f, bufio.NewWriter(f), whole
	return nil
}

// Append adds an entry and returns the chain after it. An index at or below the
// last is known already: a log that is replayed tells its end again.
func (j *Journal) Append(index uint64, entry []byte) Hash {
	j.mu.Lock()
	defer j.mu.Unlock()
	if index > j.last {
		j.chain = Link(j.chain, index, entry)
		j.last = index
		j.write(fmt.Appendf(nil, "{\"index\":%d,\"chain\":\"%x\",\"entry\":%s}\n", index, j.chain, entry))
	}
	return j.chain
}

// AppendNext adds an entry to a journal that numbers its own.
func (j *Journal) AppendNext(entry []byte) {
	j.mu.Lock()
	next := j.last + 1
	j.mu.Unlock()
	j.Append(next, entry)
}

// Gap goes on from a chain whose earlier entries are not known here.
func (j *Journal) Gap(index uint64, chain Hash) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if index > j.last {
		j.last, j.chain = index, chain
		j.write(fmt.Appendf(nil, "{\"index\":%d,\"chain\":\"%x\",\"gap\":true}\n", index, chain))
	}
}

func (j *Journal) write(line []byte) {
	if j.failure != nil {
		return
	}
	if j.file == nil || j.size >= rotateBytes {
		if j.failure = j.rotate(); j.failure != nil {
			return
		}
	}
	n, err := j.buffer.Write(line)
	j.size += int64(n)
	j.failure = err
}

func (j *Journal) rotate() error {
	if err := j.sync(); err != nil {
		return err
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return fmt.Errorf("close journal: %w", err)
		}
	}
	path := filepath.Join(j.dir, fmt.Sprintf("%s-%020d.jsonl", j.name, j.last))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("begin journal: %w", err)
	}
	j.file, j.buffer, j.size = f, bufio.NewWriter(f), 0
	return nil
}

// Sync brings everything appended to the disk. Whoever drops the source of
// entries, as a snapshot drops the log before it, syncs first.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.failure, j.sync())
}

func (j *Journal) sync() error {
	if j.file == nil {
		return nil
	}
	if err := j.buffer.Flush(); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// Head is the last index and the chain after it.
func (j *Journal) Head() (uint64, Hash) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last, j.chain
}

// Close syncs and closes.
func (j *Journal) Close() error {
	err := j.Sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
		j.file = nil
	}
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
		j.lock = nil
	}
	return err
}

// KeepSynced syncs each second until ctx ends, or a sync fails.
func (j *Journal) KeepSynced(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := j.Sync(); err != nil {
				return err
			}
		}
	}
}
