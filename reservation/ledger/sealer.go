package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"

	"sunbeon/reservation/booking"
)

// Sealer keeps personal data unreadable without the ledger key: AES-256-GCM
// under a random nonce, bound to the person reference, so that a sealed record
// moved to another person's row does not open.
type Sealer struct{ aead cipher.AEAD }

const sealVersion = 1

// NewSealer takes the 32 bytes of the ledger key.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("ledger key has %d bytes, want 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("ledger key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("ledger key: %w", err)
	}
	return &Sealer{aead}, nil
}

// Seal encrypts p for the row of the person ref.
func (s *Sealer) Seal(ref string, p booking.Person) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("seal person: %w", err)
	}
	out := make([]byte, 1, 1+len(plain)+s.aead.Overhead())
	out[0] = sealVersion
	return s.aead.Seal(out, nil, plain, []byte(ref)), nil
}

// Open decrypts what Seal made for the same person.
func (s *Sealer) Open(ref string, sealed []byte) (booking.Person, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return booking.Person{}, errors.New("open person: unknown version")
	}
	plain, err := s.aead.Open(nil, nil, sealed[1:], []byte(ref))
	if err != nil {
		return booking.Person{}, fmt.Errorf("open person: %w", err)
	}
	var p booking.Person
	if err := json.Unmarshal(plain, &p); err != nil {
		return booking.Person{}, fmt.Errorf("open person: %w", err)
	}
	return p, nil
}
