package credential_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sunbeon/reservation/credential"
)

func TestBreakGlassTokensLiveADay(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	key := func(fill byte) *credential.BreakGlassKey {
		k, err := credential.NewBreakGlassKey(bytes.Repeat([]byte{fill}, credential.SecretSize), func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	good := key(1)
	token, err := good.Sign("kim")
	if err != nil {
		t.Fatal(err)
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.RegisteredClaims{
		Subject: "kim", IssuedAt: jwt.NewNumericDate(now),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	began := now
	for name, f := range map[string]struct {
		token string
		after time.Duration
		want  error
	}{
		"at once":         {token, 0, nil},
		"after a day":     {token, 24 * time.Hour, nil},
		"a second later":  {token, 24*time.Hour + time.Second, credential.ErrExpired},
		"made in future":  {token, -time.Hour, credential.ErrExpired},
		"truncated":       {token[:len(token)-2], 0, credential.ErrForged},
		"without any key": {none, 0, credential.ErrForged},
		"empty":           {"", 0, credential.ErrForged},
	} {
		now = began.Add(f.after)
		owner, err := good.Verify(f.token)
		if !errors.Is(err, f.want) || err == nil && owner != "kim" {
			t.Errorf("%s: %q, %v", name, owner, err)
		}
	}
	now = began
	if _, err := key(2).Verify(token); !errors.Is(err, credential.ErrForged) {
		t.Errorf("another key: %v", err)
	}
	if _, err := good.Sign(""); err == nil {
		t.Error("a token nobody answers for")
	}
}
