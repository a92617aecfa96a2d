package legacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Providers are the identity providers the issuer stands in for.
var Providers = []string{"kakao", "naver", "pass", "joint", "phone"}

// Korea is the time zone of every date here. Korea has kept one offset since
// 1988, so no zone database is needed.
var Korea = time.FixedZone("KST", 9*60*60)

// Person is what a synthetic person gives to an identity provider.
type Person struct {
	Name     string `json:"name" minLength:"1" maxLength:"120" example:"김순번"`
	Birth    string `json:"birth" format:"date" example:"1985-02-28"`
	Digits   string `json:"digits" minLength:"1" maxLength:"64" doc:"Any string that names the synthetic person; spaces and hyphens do not matter." example:"850228-2000001"`
	Phone    string `json:"phone" maxLength:"32" example:"010-0000-0001"`
	Province string `json:"province" maxLength:"64" example:"Seoul"`
	Nonce    string `json:"nonce,omitempty" maxLength:"256" doc:"Returned in the assertion."`
}

// validate checks the form of what was given against today's date.
func (p *Person) validate(now time.Time) error {
	switch {
	case strings.TrimSpace(p.Name) == "":
		return errors.New("name is missing")
	case tooLong(p.Name, 120) || tooLong(p.Digits, 64) || tooLong(p.Phone, 32) || tooLong(p.Province, 64) || tooLong(p.Nonce, 256):
		return errors.New("a member is too long")
	case bare(p.Digits) == "":
		return errors.New("digits is missing")
	}
	_, err := ParseBirth(p.Birth, now)
	return err
}

func tooLong(s string, runes int) bool { return utf8.RuneCountInString(s) > runes }

// bare is digits as one person types them on any keyboard: a full-width digit
// is the same digit, and what stands between them does not matter.
func bare(digits string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(digits))
}

// ParseBirth reads a date of birth as a calendar day in Korea. Days that do not
// exist, that lie ahead, or that nobody living was born on are errors.
func ParseBirth(birth string, now time.Time) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, birth, Korea)
	if err != nil {
		return time.Time{}, fmt.Errorf("birth %q: want an existing day as YYYY-MM-DD", birth)
	}
	if day.Year() < 1900 || day.After(now) {
		return time.Time{}, fmt.Errorf("birth %q: want a day from 1900 to today", birth)
	}
	return day, nil
}

// personKey stands in for the identity agencies' shared secret. It is public
// on purpose: the persons are synthetic, and they must keep their identifiers
// when the simulator loses its data.
const personKey = "sunbeon synthetic persons"

// ConnectingInformation is the CI of a person: 64 bytes of keyed hash as 88
// characters of base64, the same from every provider.
func ConnectingInformation(digits string) string {
	mac := hmac.New(sha512.New, []byte(personKey))
	mac.Write([]byte(bare(digits)))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// subject is the person's account at one provider: unlike the CI, no two
// providers share it.
func subject(provider, digits string) string {
	mac := hmac.New(sha256.New, []byte(personKey))
	mac.Write([]byte(provider + "\x00" + bare(digits)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
