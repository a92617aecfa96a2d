package credential

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SecretSize is the length in bytes of every secret in a keys directory.
const SecretSize = 32

// Keys are the secrets that gate and WAS share.
type Keys struct {
	Login  *LoginKey
	Person *PersonKey
}

// LoadKeys reads login.key and person.key from dir.
func LoadKeys(dir string) (Keys, error) {
	login, err := LoadSecret(dir, "login.key")
	if err != nil {
		return Keys{}, err
	}
	person, err := LoadSecret(dir, "person.key")
	if err != nil {
		return Keys{}, err
	}
	return NewKeys(login, person)
}

// NewKeys derives the keys from the two secrets, each [SecretSize] long.
func NewKeys(login, person []byte) (Keys, error) {
	loginKey, err := NewLoginKey(login)
	if err != nil {
		return Keys{}, err
	}
	return Keys{Login: loginKey, Person: NewPersonKey(person)}, nil
}

// LoadSecret reads the secret in the file name of dir: [SecretSize] bytes in
// hexadecimal, white space around them ignored.
func LoadSecret(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	// The decoder's own error would quote the secret, and errors are logged.
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != SecretSize {
		return nil, fmt.Errorf("read secret: %s does not hold %d bytes in hexadecimal", path, SecretSize)
	}
	return secret, nil
}

// LoadSigningKey reads an Ed25519 seed, as [LoadSecret] does, and returns the
// private key it stands for.
func LoadSigningKey(dir, name string) (ed25519.PrivateKey, error) {
	seed, err := LoadSecret(dir, name)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// derive makes the key for one purpose, so that a secret used twice never
// serves two algorithms with the same bytes.
func derive(secret []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, SecretSize)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", purpose, err)
	}
	return key, nil
}
