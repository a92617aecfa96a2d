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
	"strconv"
	"strings"
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
	Index uint64 `json:"index"`
	Chain string `json:"chain"` // hex
	Gap   bool   `json:"gap,omitempty"`
	// Anchor marks the first line of a file that follows another: it repeats
	// where that one ended, so that the file is verified by itself.
	Anchor bool            `json:"anchor,omitempty"`
	Entry  json.RawMessage `json:"entry,omitempty"`
}

// text is the line as it is written, newline included: any other form of it was
// not written here.
func (r Record) text() []byte {
	line := make([]byte, 0, len(r.Entry)+len(r.Chain)+64)
	line = strconv.AppendUint(append(line, `{"index":`...), r.Index, 10)
	line = strconv.AppendQuote(append(line, `,"chain":`...), r.Chain)
	switch {
	case r.Gap:
		line = append(line, `,"gap":true`...)
	case r.Anchor:
		line = append(line, `,"anchor":true`...)
	default:
		line = append(append(line, `,"entry":`...), r.Entry...)
	}
	return append(line, "}\n"...)
}

// rotateBytes is the size from which a journal goes on in a new file; the one
// before it is then packed: see [Retention].
const rotateBytes = 64 << 20

// Journal appends to the files of one chain. It is safe for concurrent use.
type Journal struct {
	dir, name string
	lock      *os.File

	mu      sync.Mutex
	file    *os.File
	buffer  *bufio.Writer
	size    int64
	rotate  int64 // the size from which to go on in a new file
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
	j := &Journal{dir: dir, name: name, rotate: rotateBytes}
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
		if j.file == nil && strings.HasSuffix(path, plain) {
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

// end finds the last whole line of a file and how many bytes are whole.
func end(path string) (whole int64, last *Record, err error) {
	err = readFile(path, func(line Record, bytes int) error {
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
		j.begin()
		j.chain = Link(j.chain, index, entry)
		j.last = index
		j.write(Record{Index: index, Chain: hex.EncodeToString(j.chain[:]), Entry: entry})
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
		j.begin()
		j.last, j.chain = index, chain
		j.write(Record{Index: index, Chain: hex.EncodeToString(chain[:]), Gap: true})
	}
}

// begin goes on in a new file where there is none yet, or the one in use is
// large enough. A file that follows another begins with where that ended.
func (j *Journal) begin() {
	if j.failure != nil || j.file != nil && j.size < j.rotate {
		return
	}
	if j.failure = j.next(); j.failure == nil && j.last > 0 {
		j.write(Record{Index: j.last, Chain: hex.EncodeToString(j.chain[:]), Anchor: true})
	}
}

func (j *Journal) write(line Record) {
	if j.failure != nil {
		return
	}
	n, err := j.buffer.Write(line.text())
	j.size += int64(n)
	j.failure = err
}

// next closes the file in use and opens another.
func (j *Journal) next() error {
	if err := j.sync(); err != nil {
		return err
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return fmt.Errorf("close journal: %w", err)
		}
	}
	path := filepath.Join(j.dir, fmt.Sprintf("%s-%020d%s", j.name, j.last, plain))
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

// SyncedHead is the head of what is certainly on the disk.
func (j *Journal) SyncedHead() (uint64, Hash, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := errors.Join(j.failure, j.sync())
	return j.last, j.chain, err
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

// KeepSynced syncs each second, and packs and forgets by the retention, until
// ctx ends or one of them fails.
func (j *Journal) KeepSynced(ctx context.Context, retention Retention) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := errors.Join(j.Sync(), retention.keep(j.dir, j.name)); err != nil {
				return err
			}
		}
	}
}
