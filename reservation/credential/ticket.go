package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// Ticket is a place in the line as its holder carries it. A gate finds the place
// by the person alone; the ticket is what the holder can show for it in a
// dispute, and whoever has the key settles that with [TicketKey.Verify].
type Ticket struct {
	Cohort string
	// Tag is the holder's [PersonKey.Tag] in the cohort.
	Tag [16]byte
	// Seq is the arrival number.
	Seq int64
}

// TicketKey signs and verifies tickets.
type TicketKey struct {
	key  []byte
	macs sync.Pool // of *ticketMAC
}

// ticketMAC is a keyed hash with room for a token, because a ticket is signed
// for every join.
type ticketMAC struct {
	hash.Hash
	token, claims, sum []byte
}

// NewTicketKey derives the ticket key from a secret that all gates share.
func NewTicketKey(secret []byte) (*TicketKey, error) {
	key, err := derive(secret, "sunbeon ticket v1")
	if err != nil {
		return nil, err
	}
	return &TicketKey{key: key, macs: sync.Pool{New: func() any { return &ticketMAC{Hash: hmac.New(sha256.New, key)} }}}, nil
}

// ticketHeader is the one header tickets have, written out because a ticket
// is signed for every join.
var ticketHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// ticketClaims is what a ticket's payload holds.
type ticketClaims struct {
	Cohort string `json:"cohort"`
	Tag    string `json:"sub"`
	Seq    int64  `json:"seq"`
	jwt.RegisteredClaims
}

// Sign returns the ticket as a JWT. The same ticket always has the same bytes.
func (k *TicketKey) Sign(t Ticket) string {
	mac := k.macs.Get().(*ticketMAC)
	defer k.macs.Put(mac)
	claims := append(mac.claims[:0], `{"cohort":`...)
	claims = appendString(claims, t.Cohort)
	claims = append(claims, `,"sub":"`...)
	claims = hex.AppendEncode(claims, t.Tag[:])
	claims = append(claims, `","seq":`...)
	claims = strconv.AppendInt(claims, t.Seq, 10)
	mac.claims = append(claims, '}')

	token := append(mac.token[:0], ticketHeader...)
	token = append(token, '.')
	token = base64.RawURLEncoding.AppendEncode(token, mac.claims)
	mac.Reset()
	mac.Write(token)
	mac.sum = mac.Sum(mac.sum[:0])
	token = append(token, '.')
	mac.token = base64.RawURLEncoding.AppendEncode(token, mac.sum)
	return string(mac.token)
}

// Verify returns the ticket in token if one of the gates signed it
// ([ErrForged]) for this cohort ([ErrOtherCohort]) and this person's tag in it
// ([ErrOtherPerson]). Tickets do not expire: a place lasts as long as its line.
func (k *TicketKey) Verify(token, cohort string, tag [16]byte) (Ticket, error) {
	var claims ticketClaims
	_, err := ticketParser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return k.key, nil })
	if err != nil {
		return Ticket{}, fmt.Errorf("verify ticket: %w: %v", ErrForged, err)
	}
	t := Ticket{Cohort: claims.Cohort, Seq: claims.Seq}
	if n, err := hex.Decode(t.Tag[:], []byte(claims.Tag)); err != nil || n != len(t.Tag) {
		return Ticket{}, fmt.Errorf("verify ticket: %w", ErrForged)
	}
	if t.Cohort != cohort {
		return Ticket{}, fmt.Errorf("verify ticket: %w", ErrOtherCohort)
	}
	if t.Tag != tag {
		return Ticket{}, fmt.Errorf("verify ticket: %w", ErrOtherPerson)
	}
	return t, nil
}

var ticketParser = jwt.NewParser(
	jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
	jwt.WithStrictDecoding(),
)

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
