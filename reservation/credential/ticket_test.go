package credential_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/credential"
)

func ticketKey(t *testing.T, fill byte) *credential.TicketKey {
	t.Helper()
	key, err := credential.NewTicketKey(bytes.Repeat([]byte{fill}, credential.SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestTicketVerifies(t *testing.T) {
	key := ticketKey(t, 1)
	for _, cohort := range []string{"aug-09", `odd"name\`, "팔월", "<html>&"} {
		want := credential.Ticket{Cohort: cohort, Tag: [16]byte{1, 2, 3}, Seq: 42}
		token := key.Sign(want)
		if again := key.Sign(want); again != token {
			t.Error("the same ticket has two spellings")
		}
		got, err := key.Verify(token, cohort, want.Tag)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTicketRefusals(t *testing.T) {
	key := ticketKey(t, 1)
	ticket := credential.Ticket{Cohort: "a", Tag: [16]byte{1}, Seq: 7}
	token := key.Sign(ticket)
	foreign := ticketKey(t, 2).Sign(ticket)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"cohort": "a", "sub": "01000000000000000000000000000000", "seq": 1,
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	f := func(name, token, cohort string, tag [16]byte, want error) {
		t.Helper()
		if _, err := key.Verify(token, cohort, tag); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	f("another person's", token, "a", [16]byte{2}, credential.ErrOtherPerson)
	f("another cohort's", token, "b", ticket.Tag, credential.ErrOtherCohort)
	f("forged", foreign, "a", ticket.Tag, credential.ErrForged)
	f("alg none", none, "a", ticket.Tag, credential.ErrForged)
	f("empty", "", "a", ticket.Tag, credential.ErrForged)
	f("truncated", token[:len(token)-1], "a", ticket.Tag, credential.ErrForged)
	f("no signature", token[:len(token)-43], "a", ticket.Tag, credential.ErrForged)
}
