package credential_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/credential"
)

const now = int64(1_628_506_800_000)

func loginKey(t *testing.T, fill byte) *credential.LoginKey {
	t.Helper()
	key, err := credential.NewLoginKey(bytes.Repeat([]byte{fill}, credential.SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func seal(t *testing.T, key *credential.LoginKey, l credential.Login) string {
	t.Helper()
	token, err := key.Seal(l)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var citizen = credential.Login{
	CI: strings.Repeat("c", 88), Name: "김순번", Birth: "1985-03-09", Phone: "010-0000-0000",
	Province: "Seoul", Provider: "kakao", ExpiresMS: now + 1000,
}

func TestLoginOpensToWhatWasSealed(t *testing.T) {
	key := loginKey(t, 1)
	for _, want := range []credential.Login{
		citizen,
		{ExpiresMS: now + 1},
		{Name: strings.Repeat("Very Long Latin Name ", 50), ExpiresMS: now + 1},
	} {
		got, err := key.Open(seal(t, key, want), now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLoginRefusesWhatIsNotGenuine(t *testing.T) {
	key := loginKey(t, 1)
	good := seal(t, key, citizen)
	f := func(name, token string, now int64, want error) {
		t.Helper()
		if got, err := key.Open(token, now); !errors.Is(err, want) || got != (credential.Login{}) {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, want)
		}
	}
	f("empty", "", now, credential.ErrForged)
	f("not base64", "!!!", now, credential.ErrForged)
	f("oversized", strings.Repeat("A", 1<<20), now, credential.ErrForged)
	f("another key", seal(t, loginKey(t, 2), citizen), now, credential.ErrForged)
	f("expired", good, citizen.ExpiresMS, credential.ErrExpired)
	f("appended", good+"AAAA", now, credential.ErrForged)
	for n := range len(good) {
		f("truncated", good[:n], now, credential.ErrForged)
		altered := []byte(good)
		altered[n] ^= 1
		f("altered", string(altered), now, credential.ErrForged)
	}
}

func TestLoginTooLongForACookie(t *testing.T) {
	if _, err := loginKey(t, 1).Seal(credential.Login{Name: strings.Repeat("x", 5000)}); err == nil {
		t.Error("sealed a login no browser would keep")
	}
}

func TestPersonNames(t *testing.T) {
	key := credential.NewPersonKey([]byte("secret"))
	same := key.Tag("ci", "a")
	if same != key.Tag("ci", "a") {
		t.Error("a person has two tags in one cohort")
	}
	others := map[string][16]byte{
		"another person":  key.Tag("ci2", "a"),
		"another cohort":  key.Tag("ci", "b"),
		"shifted divider": key.Tag("i", "ac"),
		"another key":     credential.NewPersonKey([]byte("other")).Tag("ci", "a"),
	}
	for name, tag := range others {
		if tag == same {
			t.Errorf("%s has the same tag", name)
		}
	}
	if ref := key.Ref("ci"); len(ref) != 32 || ref != key.Ref("ci") || ref == key.Ref("ci2") {
		t.Errorf("Ref = %q", ref)
	}
}
