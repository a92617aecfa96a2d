package ledger_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

func TestSealer(t *testing.T) {
	if _, err := ledger.NewSealer([]byte("short")); err == nil {
		t.Error("a short key was accepted")
	}
	s, err := ledger.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	ann := booking.Person{Name: "Wolfeschlegelsteinhausenbergerdorff 김", Birth: "1990-02-28", Phone: "010", CI: "ci"}
	sealed, err := s.Seal("ref", ann)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), "1990") {
		t.Error("the record is readable")
	}
	got, err := s.Open("ref", sealed)
	if diff := cmp.Diff(ann, got); err != nil || diff != "" {
		t.Errorf("opened (-want +got):\n%s %v", diff, err)
	}
	if _, err := s.Open("other", sealed); err == nil {
		t.Error("the record of one person opened as another's")
	}
	again, err := s.Seal("ref", ann)
	if err != nil || bytes.Equal(again, sealed) {
		t.Error("the same person sealed twice looks the same")
	}
	for i := range sealed {
		bent := bytes.Clone(sealed)
		bent[i] ^= 1
		if _, err := s.Open("ref", bent); err == nil {
			t.Errorf("opened with byte %d changed", i)
		}
		if _, err := s.Open("ref", sealed[:i]); err == nil {
			t.Errorf("opened when cut to %d bytes", i)
		}
	}
}
