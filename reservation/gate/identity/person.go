package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/text/unicode/norm"
)

// ciBytes is how long the identity agency's identifier is before it is written
// in base64.
const ciBytes = 64

// Person is what an issuer vouches for.
type Person struct {
	// CI is the identity agency's identifier, the same from every provider.
	CI   string `json:"ci"`
	Name string `json:"name"`
	// Birth is the date of birth, YYYY-MM-DD.
	Birth    string `json:"birthdate"`
	Phone    string `json:"phone_number"`
	Province string `json:"province"`
	Provider string `json:"provider"`
}

// claims are what an assertion says.
type claims struct {
	Person
	Nonce string `json:"nonce"`
	jwt.RegisteredClaims
}

// ahead is how far an issuer's clock may be ahead of ours.
const ahead = 5 * time.Minute

// GetNotBefore implements [jwt.Claims].
func (c claims) GetNotBefore() (*jwt.NumericDate, error) {
	if c.NotBefore == nil {
		return nil, nil
	}
	return jwt.NewNumericDate(c.NotBefore.Add(-ahead)), nil
}

// settle reads what a verified token says of a person. The person's tag is derived
// from it, so every way an issuer may write one person comes out the same:
// full-width and half-width, composed and decomposed.
func (p *Person) settle() error {
	for _, field := range []*string{&p.CI, &p.Name, &p.Birth, &p.Phone, &p.Province} {
		*field = strings.TrimSpace(norm.NFKC.String(*field))
	}
	// Strict, as the last character of 64 bytes in base64 could otherwise be
	// one of sixteen: sixteen persons out of one.
	raw, err := base64.StdEncoding.Strict().DecodeString(p.CI)
	if err != nil || len(raw) != ciBytes || len(p.CI) != base64.StdEncoding.EncodedLen(ciBytes) {
		return errors.New("no identifier of the identity agency")
	}
	// A name nobody can see could not be booked under, after the wait for the turn.
	if !strings.ContainsFunc(p.Name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return errors.New("no name")
	}
	if _, err := time.Parse(time.DateOnly, p.Birth); err != nil {
		return fmt.Errorf("no date of birth: %w", err)
	}
	return nil
}
