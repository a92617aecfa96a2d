package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
)

func TestALedgerIsServedUnderItsOwnKeysOnly(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	sealed := func(secret byte) *ledger.Sealer {
		s, err := ledger.NewSealer(bytes.Repeat([]byte{secret}, 32))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	person := func(secret byte) *credential.PersonKey {
		return credential.NewPersonKey(bytes.Repeat([]byte{secret}, 32))
	}
	f := func(what string, s *ledger.Sealer, p *credential.PersonKey, want string) {
		t.Helper()
		err := fits(t.Context(), store, s, p)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	f("an empty ledger", sealed(2), person(2), "")

	err = store.Seed(t.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
		Slots:        []booking.Slot{{ID: 1, Institution: 1, Vaccine: "mRNA", Capacity: 9}},
	})
	if err != nil {
		t.Fatal(err)
	}
	book := func(ci string, data []byte) {
		request := booking.Request{Kind: booking.Book, Key: "k", Person: person(1).Ref(ci), Pass: "pass-" + ci, First: 1, Sealed: data, TimeMS: 1}
		if _, err := store.Commit(t.Context(), func() []booking.Request { return []booking.Request{request} }); err != nil {
			t.Fatal(err)
		}
	}
	book("damaged", []byte{1, 2, 3})
	data, err := sealed(1).Seal(person(1).Ref("ann"), booking.Person{Name: "Ann", Birth: "1990-02-28", CI: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	book("ann", data)
	f("its own keys", sealed(1), person(1), "")
	f("another ledger key", sealed(2), person(1), "ledger.key is not")
	f("another person key", sealed(1), person(2), "person.key is not")
}
