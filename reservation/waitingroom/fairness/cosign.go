package fairness

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// What [Publisher.Cosign] refuses.
var (
	// ErrUnknownWitness: no witness this log knows has signed.
	ErrUnknownWitness = errors.New("no known witness has signed this checkpoint")
	// ErrStaleCheckpoint: the log has not signed this checkpoint lately.
	ErrStaleCheckpoint = errors.New("not one of this log's latest checkpoints")
)

const (
	// WitnessedFile begins the names of the files in which the latest
	// checkpoint that each witness signed lies beside the segments.
	WitnessedFile = "witnessed-"
	// recentCheckpoints is how many checkpoints a witness may still sign: ten
	// minutes of them.
	recentCheckpoints = 64
)

// kept is the latest checkpoint a witness has signed.
type kept struct {
	size uint64
	note []byte
}

// Cosign takes in a checkpoint of this log that witnesses have signed, to
// publish it with their signatures. It must be a recent one: witnesses sign
// what the log shows now. The error wraps [ErrCheckpoint],
// [ErrUnknownWitness] or [ErrStaleCheckpoint].
func (p *Publisher) Cosign(signed []byte) error {
	key := p.config.Key.Public().(ed25519.PublicKey)
	c, err := openCosigned(signed, key, p.config.Witnesses)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if len(c.witnesses) == 0 {
		return ErrUnknownWitness
	}
	p.signing.Lock()
	defer p.signing.Unlock()
	if !slices.Contains(p.recent, c.Checkpoint) {
		return ErrStaleCheckpoint
	}
	for _, s := range c.witnesses {
		if err := p.keepWitnessed(&c, s); err != nil {
			return err
		}
	}
	last := p.latest.Load()
	if last.Checkpoint != c.Checkpoint {
		return nil
	}
	return p.addToLatest(last, key, c.witnesses)
}

// keepWitnessed replaces what a witness signed before, in memory and on disk.
func (p *Publisher) keepWitnessed(c *cosigned, s note.Signature) error {
	if p.witnessed[s.Name].size > c.Size {
		return nil
	}
	text, err := c.note(s)
	if err != nil {
		return fmt.Errorf("keep checkpoint signed by %s: %w", s.Name, err)
	}
	if err := keep(p.config.Dir, witnessedFile(s.Name), text); err != nil {
		return err
	}
	p.witnessed[s.Name] = kept{size: c.Size, note: text}
	return nil
}

func witnessedFile(witness string) string {
	sum := sha256.Sum256([]byte(witness))
	return fmt.Sprintf("%s%x", WitnessedFile, sum[:8])
}

// addToLatest shows the signatures with the latest checkpoint as well.
func (p *Publisher) addToLatest(last *signed, key ed25519.PublicKey, added []note.Signature) error {
	c, err := openCosigned(last.note, key, p.config.Witnesses)
	if err != nil {
		return err
	}
	byName := map[string]note.Signature{}
	for _, s := range append(c.witnesses, added...) {
		byName[s.Name] = s
	}
	all := slices.SortedFunc(maps.Values(byName), func(a, b note.Signature) int { return cmp.Compare(a.Name, b.Name) })
	next := *last
	if next.note, err = c.note(all...); err != nil {
		return err
	}
	if err := keep(p.config.Dir, CheckpointFile, next.note); err != nil {
		return err
	}
	p.latest.Store(&next)
	return nil
}

// loadWitnessed finds what the witnesses signed before the log was last
// closed.
func (p *Publisher) loadWitnessed() error {
	p.witnessed = map[string]kept{}
	for _, w := range p.config.Witnesses {
		text, err := os.ReadFile(filepath.Join(p.config.Dir, witnessedFile(w.Name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read what %s signed: %w", w.Name, err)
		}
		c, err := openCosigned(text, p.config.Key.Public().(ed25519.PublicKey), p.config.Witnesses)
		if err != nil {
			return fmt.Errorf("what %s signed: %w", w.Name, err)
		}
		p.witnessed[w.Name] = kept{size: c.Size, note: text}
	}
	return nil
}

// Witnessed are the latest checkpoints that each witness has signed, by the
// witness's name.
func (p *Publisher) Witnessed() [][]byte {
	p.signing.Lock()
	defer p.signing.Unlock()
	notes := [][]byte{}
	for _, name := range slices.Sorted(maps.Keys(p.witnessed)) {
		notes = append(notes, p.witnessed[name].note)
	}
	return notes
}
