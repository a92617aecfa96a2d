package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// Login is who someone is, as their identity provider said.
type Login struct {
	// CI is the identity agency's identifier, the same from every provider.
	CI   string
	Name string
	// Birth is the date of birth, YYYY-MM-DD.
	Birth    string
	Phone    string
	Province string
	Provider string
	// ExpiresMS is when the login ends, in Unix milliseconds.
	ExpiresMS int64
}

// loginVersion is the first byte of a login's plain text.
const loginVersion = 1

// maxLogin bounds a token in bytes before any work is spent on it: cookies
// are at most 4 KiB.
const maxLogin = 4096

// LoginKey seals and opens logins with AES-256-GCM under a random nonce, which
// is safe for far more logins than a nation can make under one key.
type LoginKey struct {
	aead cipher.AEAD
}

// NewLoginKey derives a login key from a secret of [SecretSize] bytes.
func NewLoginKey(secret []byte) (*LoginKey, error) {
	if len(secret) != SecretSize {
		return nil, fmt.Errorf("login key: %d bytes instead of %d", len(secret), SecretSize)
	}
	key, err := derive(secret, "sunbeon login v1")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("login key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("login key: %w", err)
	}
	return &LoginKey{aead: aead}, nil
}

// Seal returns the login as an opaque token fit for a cookie.
func (k *LoginKey) Seal(l Login) (string, error) {
	plain := make([]byte, 0, 256)
	plain = append(plain, loginVersion)
	plain = binary.AppendVarint(plain, l.ExpiresMS)
	for _, s := range []string{l.CI, l.Name, l.Birth, l.Phone, l.Province, l.Provider} {
		plain = binary.AppendUvarint(plain, uint64(len(s)))
		plain = append(plain, s...)
	}
	sealed := k.aead.Seal(make([]byte, 0, len(plain)+k.aead.Overhead()), nil, plain, nil)
	token := base64.RawURLEncoding.EncodeToString(sealed)
	if len(token) > maxLogin {
		return "", errors.New("seal login: too long for a cookie")
	}
	return token, nil
}

// Open returns the login in token if it is genuine ([ErrForged]) and not over
// at nowMS, in Unix milliseconds ([ErrExpired]).
func (k *LoginKey) Open(token string, nowMS int64) (Login, error) {
	if len(token) == 0 || len(token) > maxLogin {
		return Login{}, fmt.Errorf("open login: %w", ErrForged)
	}
	desk := desks.Get().(*desk)
	defer desks.Put(desk)
	n, err := strictBase64.Decode(desk.sealed[:], []byte(token))
	if err != nil {
		return Login{}, fmt.Errorf("open login: %w", ErrForged)
	}
	plain, err := k.aead.Open(desk.plain[:0], nil, desk.sealed[:n], nil)
	if err != nil {
		return Login{}, fmt.Errorf("open login: %w", ErrForged)
	}
	l, ok := parseLogin(plain)
	if !ok {
		return Login{}, fmt.Errorf("open login: %w", ErrForged)
	}
	if nowMS >= l.ExpiresMS {
		return Login{}, fmt.Errorf("open login: %w", ErrExpired)
	}
	return l, nil
}

// desk is where a login is opened: every request of a citizen brings one.
type desk struct{ sealed, plain [maxLogin]byte }

var desks = sync.Pool{New: func() any { return new(desk) }}

// strictBase64 refuses the spare bits that would give one token two spellings.
var strictBase64 = base64.RawURLEncoding.Strict()

func parseLogin(plain []byte) (Login, bool) {
	if len(plain) == 0 || plain[0] != loginVersion {
		return Login{}, false
	}
	expires, n := binary.Varint(plain[1:])
	if n <= 0 {
		return Login{}, false
	}
	l := Login{ExpiresMS: expires}
	// One string holds all fields, so that opening a login allocates once.
	rest := string(plain[1+n:])
	at := 1 + n
	for _, field := range []*string{&l.CI, &l.Name, &l.Birth, &l.Phone, &l.Province, &l.Provider} {
		size, n := binary.Uvarint(plain[at:])
		if n <= 0 || size > uint64(len(plain)-at-n) {
			return Login{}, false
		}
		*field = rest[n : n+int(size)]
		rest = rest[n+int(size):]
		at += n + int(size)
	}
	return l, at == len(plain)
}
