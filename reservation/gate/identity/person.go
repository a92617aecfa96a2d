package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
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

// personOf reads a verified token. The person's tag is derived from what it
// returns, so every way an issuer may write one person comes out the same:
// full-width and half-width, composed and decomposed.
func personOf(token *oidc.IDToken) (Person, error) {
	var person Person
	if err := token.Claims(&person); err != nil {
		return Person{}, err
	}
	for _, field := range []*string{&person.CI, &person.Name, &person.Birth, &person.Phone, &person.Province} {
		*field = strings.TrimSpace(norm.NFKC.String(*field))
	}
	// Strict, as the last character of 64 bytes in base64 could otherwise be
	// one of sixteen: sixteen persons out of one.
	raw, err := base64.StdEncoding.Strict().DecodeString(person.CI)
	if err != nil || len(raw) != ciBytes || len(person.CI) != base64.StdEncoding.EncodedLen(ciBytes) {
		return Person{}, errors.New("no identifier of the identity agency")
	}
	if person.Name == "" {
		return Person{}, errors.New("no name")
	}
	if _, err := time.Parse(time.DateOnly, person.Birth); err != nil {
		return Person{}, fmt.Errorf("no date of birth: %w", err)
	}
	return person, nil
}
