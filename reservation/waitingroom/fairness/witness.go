package fairness

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Witness is somebody who has nothing to do with the log and signs its
// checkpoints, each only when it continues the last one they signed (C2SP
// tlog-cosignature). Who was shown another log than the witness was can tell.
type Witness struct {
	Name string
	// verifiers are those of one key: dated cosignatures and, where the key
	// allows it, plain signatures of notes.
	verifiers []note.Verifier
}

// ParseWitness reads a witness's key in the text form of signed notes: name,
// key hash and key. The error wraps [ErrCheckpoint].
func ParseWitness(text string) (Witness, error) {
	dated, err := cosignature.NewVerifierForCosignatureV1(text)
	if err != nil {
		return Witness{}, fmt.Errorf("%w: witness %q: %w", ErrCheckpoint, text, err)
	}
	w := Witness{Name: dated.Name(), verifiers: []note.Verifier{dated}}
	if plain, err := note.NewVerifier(text); err == nil {
		w.verifiers = append(w.verifiers, plain)
	} else if !strings.HasPrefix(text, fmt.Sprintf("%s+%08x+", w.Name, dated.KeyHash())) {
		return Witness{}, fmt.Errorf("%w: witness %q: the key hash is not the key's", ErrCheckpoint, text)
	}
	return w, nil
}

// Cosignature is a witness's word for a checkpoint.
type Cosignature struct {
	Witness string
	// TimeS is when the witness signed, in Unix seconds; 0 where it is not
	// said.
	TimeS int64
}

// BadCosignatureError: a checkpoint carries a signature in the name of a
// witness that the witness's key did not make.
type BadCosignatureError struct{ Witness string }

func (e *BadCosignatureError) Error() string {
	return fmt.Sprintf("the signature of witness %s is not theirs", e.Witness)
}

// OpenCosigned checks that the log's key signed a checkpoint, whoever else did,
// and returns it with the signatures of these witnesses that are there, checked
// too. Those of others are no obstacle. The error wraps [ErrCheckpoint], and is a
// [*BadCosignatureError] where the fault is a witness's signature.
func OpenCosigned(signed []byte, key ed25519.PublicKey, witnesses []Witness) (Checkpoint, []Cosignature, error) {
	c, err := openCosigned(signed, key, witnesses)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	given := make([]Cosignature, 0, len(c.witnesses))
	for _, s := range c.witnesses {
		given = append(given, cosignatureOf(s))
	}
	return c.Checkpoint, given, nil
}

// cosigned is a checkpoint taken apart, with the signatures that were checked.
type cosigned struct {
	Checkpoint
	text      string
	log       note.Signature
	witnesses []note.Signature
}

var errNotByLog = errors.New("the log's key has not signed it")

func openCosigned(signed []byte, key ed25519.PublicKey, witnesses []Witness) (c cosigned, err error) {
	origin, _, _ := strings.Cut(string(signed), "\n")
	own, err := verifierFor(origin, key)
	if err != nil {
		return c, err
	}
	known := []note.Verifier{own}
	for _, w := range witnesses {
		known = append(known, w.verifiers...)
	}
	isOwn := func(name string, hash uint32) bool { return name == own.Name() && hash == own.KeyHash() }
	opened, err := note.Open(signed, note.VerifierList(known...))
	if bad := (*note.InvalidSignatureError)(nil); errors.As(err, &bad) && !isOwn(bad.Name, bad.Hash) {
		return c, &BadCosignatureError{Witness: bad.Name}
	}
	if err != nil {
		return c, err
	}
	if c.Checkpoint, err = parseCheckpoint(opened.Text); err != nil {
		return c, err
	}
	c.text = opened.Text
	for _, s := range opened.Sigs {
		if isOwn(s.Name, s.Hash) {
			c.log = s
		} else {
			c.witnesses = append(c.witnesses, s)
		}
	}
	if c.log.Name == "" {
		return c, errNotByLog
	}
	return c, nil
}

func cosignatureOf(s note.Signature) Cosignature {
	given := Cosignature{Witness: s.Name}
	if at, err := cosignature.CoSigV1Timestamp(s); err == nil {
		given.TimeS = at.Unix()
	}
	return given
}

// note writes the checkpoint with the log's signature and these of witnesses.
func (c *cosigned) note(witnesses ...note.Signature) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.text, Sigs: append([]note.Signature{c.log}, witnesses...)})
}
