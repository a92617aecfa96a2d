package cli

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
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
	sealer, err := ledger.NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	person := credential.NewPersonKey(bytes.Repeat([]byte{1}, 32))
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	identity, err := pki.Load(dir, "was")
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, ledgerKey, personKey byte, want string) {
		t.Helper()
		keys := t.TempDir()
		for name, secret := range map[string]byte{"login.key": 9, "ledger.key": ledgerKey, "person.key": personKey} {
			text := hex.EncodeToString(bytes.Repeat([]byte{secret}, 32))
			if err := os.WriteFile(filepath.Join(keys, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		o, err := observability.New(observability.Config{Process: "was", LogWriter: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		flags := wasFlags{id: "was-1", keys: keys, legacy: "https://127.0.0.1:1", passes: "https://127.0.0.1:1"}
		_, err = newWAS(t.Context(), flags, identity, o, store, ledger.NewWriter(store, ledger.WriterConfig{}), ledger.NewMetrics(o.Registry))
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	f("an empty ledger", 2, 2, "")

	err = store.Seed(t.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
		Slots:        []booking.Slot{{ID: 1, Institution: 1, Vaccine: "mRNA", Capacity: 9}},
	})
	if err != nil {
		t.Fatal(err)
	}
	book := func(ci string, data []byte) {
		request := booking.Request{Kind: booking.Book, Key: "k", Person: person.Ref(ci), Pass: "pass-" + ci, First: 1, Sealed: data, TimeMS: 1}
		if _, err := store.Commit(t.Context(), func() []booking.Request { return []booking.Request{request} }); err != nil {
			t.Fatal(err)
		}
	}
	book("damaged", []byte{1, 2, 3})
	data, err := sealer.Seal(person.Ref("ann"), booking.Person{Name: "Ann", Birth: "1990-02-28", CI: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	book("ann", data)
	f("its own keys", 1, 1, "")
	f("another ledger key", 2, 1, "ledger.key is not")
	f("another person key", 1, 2, "person.key is not")
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
