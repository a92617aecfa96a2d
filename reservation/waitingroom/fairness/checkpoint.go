package fairness

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"sunbeon/reservation/waitingroom/tree"
)

// ErrCheckpoint is wrapped by every refusal of a checkpoint.
var ErrCheckpoint = errors.New("invalid checkpoint")

// Checkpoint is the head of the log of commit groups at one size, in the form
// of C2SP tlog-checkpoint. Origin is also the name of the key that signs it.
type Checkpoint struct {
	Origin string
	// Size is how many groups there are, Root the RFC 6962 root over their
	// heads.
	Size uint64
	Root tree.Hash
	// Heads are those of other logs, of which this one is a witness: see
	// [HeadLine]. They are signed with it.
	Heads string
}

// Sign returns the checkpoint as a signed note. The error is the origin's: it
// must be no name that a note could not carry.
func (c Checkpoint) Sign(key ed25519.PrivateKey) ([]byte, error) {
	verifier, err := verifierFor(c.Origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n%s", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), c.Heads)
	signed, err := note.Sign(&note.Note{Text: text}, signer{Verifier: verifier, key: key})
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return Checkpoint{}, errors.New("fewer than three lines")
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("size %q", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(tree.Hash{}) {
		return Checkpoint{}, fmt.Errorf("root %q", lines[2])
	}
	heads := strings.Join(lines[3:], "\n")
	return Checkpoint{Origin: lines[0], Size: size, Root: tree.Hash(root), Heads: heads}, nil
}

// VerifierKey is the public key in the text form of signed notes, to publish
// beside the log: name, key hash and key.
func VerifierKey(origin string, key ed25519.PublicKey) (string, error) {
	return note.NewEd25519VerifierKey(origin, key)
}

// ParseVerifierKey is the inverse of [VerifierKey]. The error wraps
// [ErrCheckpoint].
func ParseVerifierKey(text string) (ed25519.PublicKey, error) {
	if _, err := note.NewVerifier(text); err != nil {
		return nil, fmt.Errorf("%w: key %q: %w", ErrCheckpoint, text, err)
	}
	// Name, hash and key, which may hold a plus itself. The key's first byte
	// names the algorithm, of which the library knows one.
	key, err := base64.StdEncoding.DecodeString(strings.SplitN(text, "+", 3)[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: key %q is no Ed25519 key", ErrCheckpoint, text)
	}
	return key[1:], nil
}

func verifierFor(origin string, key ed25519.PublicKey) (note.Verifier, error) {
	text, err := VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// signer signs notes with a key that is not in the text form of the library.
type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.key, message), nil }
