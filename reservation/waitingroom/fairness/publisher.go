package fairness

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

const (
	// CheckpointEvery is how often a log signs its head.
	CheckpointEvery = 10 * time.Second
	// CheckpointFile is where the latest checkpoint lies beside the segments,
	// so that a copy of the directory cannot be cut short unnoticed.
	CheckpointFile = "checkpoint"
)

// ErrNoCheckpoint: no checkpoint covers this yet; the next one will.
var ErrNoCheckpoint = errors.New("no checkpoint covers this yet")

// Log is the record being published.
type Log interface {
	Published() []record.Segment
	// Head is how many groups are durable and the root over them; Groups are
	// their leaves.
	Head() (groups uint64, root tree.Hash)
	Groups() []tree.Hash
}

// PublisherConfig of a [Publisher].
type PublisherConfig struct {
	// Dir is the record's directory.
	Dir string
	Log Log
	Key ed25519.PrivateKey
	// Origin names the log, and its key in signed notes.
	Origin string
	// Heads are those of other logs, a [HeadLine] each, to be signed with every
	// checkpoint; none if nil.
	Heads func() string
	// Witnesses may add their signatures to checkpoints.
	Witnesses []Witness
}

// Publisher signs a log's checkpoints and proves things by them. Its methods
// may be called from any number of goroutines.
type Publisher struct {
	config PublisherConfig
	key    string // in the text form of signed notes

	signing sync.Mutex // guards what follows; latest is read without it
	latest  atomic.Pointer[signed]
	recent  []Checkpoint
	// witnessed is what each witness signed last, by its name.
	witnessed map[string]kept
}

// signed is a checkpoint and what it takes to prove things by it.
type signed struct {
	Checkpoint
	note []byte
	// history costs a hash a group, and most checkpoints are never asked for
	// a proof.
	history func() *History
}

// NewPublisher returns a publisher that has not signed anything yet. The error
// is the origin's (see [Checkpoint.Sign]), or of what witnesses signed before.
func NewPublisher(config PublisherConfig) (*Publisher, error) {
	key, err := VerifierKey(config.Origin, config.Key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("publish record: %w", err)
	}
	p := &Publisher{config: config, key: key}
	if err := p.loadWitnessed(); err != nil {
		return nil, fmt.Errorf("publish record: %w", err)
	}
	return p, nil
}

// Sign makes the checkpoint of the log as it is now, keeps it beside the
// segments and returns it with its signed note. While the log has not grown it
// returns the one before.
func (p *Publisher) Sign() (Checkpoint, []byte, error) {
	p.signing.Lock()
	defer p.signing.Unlock()
	size, root := p.config.Log.Head()
	if last := p.latest.Load(); last != nil && last.Size == size {
		return last.Checkpoint, last.note, nil
	}
	next := &signed{Checkpoint: Checkpoint{Origin: p.config.Origin, Size: size, Root: root}}
	if p.config.Heads != nil {
		next.Heads = p.config.Heads()
	}
	var err error
	if next.note, err = next.Sign(p.config.Key); err != nil {
		return Checkpoint{}, nil, err
	}
	next.history = sync.OnceValue(func() *History { return NewHistory(p.config.Log.Groups()[:size]) })
	if err := keep(p.config.Dir, CheckpointFile, next.note); err != nil {
		return Checkpoint{}, nil, err
	}
	p.latest.Store(next)
	if p.recent = append(p.recent, next.Checkpoint); len(p.recent) > recentCheckpoints {
		p.recent = p.recent[1:]
	}
	return next.Checkpoint, next.note, nil
}

// keep replaces a checkpoint in dir in one step. It is not synced: after a
// crash of the machine an older one is just as true.
func keep(dir, name string, note []byte) error {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", note, 0o644); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

// Inclusion proves a group by the latest checkpoint. The error wraps
// [ErrNoCheckpoint].
func (p *Publisher) Inclusion(group uint64) (Inclusion, error) {
	latest := p.latest.Load()
	if latest == nil || group >= latest.Size {
		return Inclusion{}, fmt.Errorf("group %d: %w", group, ErrNoCheckpoint)
	}
	path, err := latest.history().Inclusion(group)
	if err != nil {
		return Inclusion{}, err
	}
	return Inclusion{Group: group, Path: encodePath(path), Checkpoint: string(latest.note)}, nil
}

// Consistency proves that the latest checkpoint continues the record as it was
// at a size. The error wraps [ErrNoCheckpoint].
func (p *Publisher) Consistency(from uint64) (Consistency, error) {
	latest := p.latest.Load()
	if latest == nil || from > latest.Size {
		return Consistency{}, fmt.Errorf("size %d: %w", from, ErrNoCheckpoint)
	}
	path, err := latest.history().Consistency(from)
	if err != nil {
		return Consistency{}, err
	}
	return Consistency{From: from, Path: encodePath(path), Checkpoint: string(latest.note)}, nil
}
