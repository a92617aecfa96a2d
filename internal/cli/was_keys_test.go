package cli

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

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

// A withdrawal tells people, so it does not begin with a key that could not list them;
// one damaged booking holds up nobody's message.
func TestAWithdrawalNeedsTheLedgersKey(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = store.Seed(t.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}, {ID: 2, Name: "Other", Province: "Seoul"}},
		Slots:        []booking.Slot{{ID: 1, Institution: 1, Vaccine: "mRNA", Capacity: 9}, {ID: 2, Institution: 2, Vaccine: "mRNA", Capacity: 9}},
	})
	if err != nil {
		t.Fatal(err)
	}
	own, err := ledger.NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := ledger.NewSealer(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"Ann", "Bob", "Cid", "Dan"} {
		data, err := own.Seal(name, booking.Person{Name: name, Phone: "010-1"})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			data = []byte{1, 2, 3}
		}
		request := booking.Request{Kind: booking.Book, Key: "k", Person: name, Pass: "pass-" + name, First: booking.SlotID(1 + i/3), Sealed: data, TimeMS: 1}
		if _, err := store.Commit(t.Context(), func() []booking.Request { return []booking.Request{request} }); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	withdrawn := func(slot int) bool {
		c, _, err := store.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c.Slots[slot-1].WithdrawnMS > 0
	}
	if err := withdraw(cmd, store, other, 1, "", "kim", "flood"); err == nil || withdrawn(1) || out.Len() > 0 {
		t.Errorf("with another key: %v, withdrawn %v, %s", err, withdrawn(1), &out)
	}
	err = withdraw(cmd, store, own, 1, "", "kim", "flood")
	if err == nil || !withdrawn(1) || strings.Count(out.String(), "\n") != 4 || !strings.Contains(out.String(), "Cid,010-1") {
		t.Errorf("with one damaged: %v, withdrawn %v, %s", err, withdrawn(1), &out)
	}
	if err := withdraw(cmd, store, own, 2, "", "kim", "flood"); err == nil || !withdrawn(2) {
		t.Errorf("with nobody but one damaged: %v, withdrawn %v", err, withdrawn(2))
	}
}
