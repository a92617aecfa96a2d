package booking_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"sunbeon/reservation/booking"
)

func TestNamesOfAllKinds(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		got := booking.Printable(name)
		if got != want {
			t.Errorf("%q is written %q, want %q", name, got, want)
		}
		p := booking.Person{Name: got, Birth: "1990-02-28", CI: "ci"}
		if err := p.Validate(); (err == nil) != (want != "") {
			t.Errorf("%q: %v", name, err)
		}
	}
	f("김순번", "김순번")
	f("  김\u3000순번\n", "김 순번")
	long := "Wolfeschlegelsteinhausenbergerdorff-Nguyễn Phước Công Tằng Tôn Nữ María de los Ángeles O’Brien"
	f(long, long)
	f("zero\u200bwidth \u202eevil\u2066", "zero width evil")
	f("line\u2028break\x00\x7f", "line break")
	f("bad \xff\xfe bytes", "bad bytes")
	f(strings.Repeat("가 ", 150), strings.TrimRight(strings.Repeat("가 ", 100), " "))
	f("\u202e\u200b", "")
}

func TestBirthdaysAtTheBoundaries(t *testing.T) {
	f := func(birth string, ok bool) {
		t.Helper()
		p := booking.Person{Name: "n", Birth: birth, CI: "ci"}
		if err := p.Validate(); (err == nil) != ok {
			t.Errorf("born %q: %v", birth, err)
		}
	}
	for _, day := range []string{"2000-02-29", "1999-12-31", "2000-01-01", "1900-03-01", "1899-12-31", "2021-12-31"} {
		f(day, true)
	}
	for _, day := range []string{"1900-02-29", "2021-02-29", "2021-02-30", "2021-13-01", "2021-00-10", "21-01-01", "２０００-01-01", "2000-1-1", "", "2000-01-01 "} {
		f(day, false)
	}
}

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"김순번", "\xff", "a\u202eb", strings.Repeat("x", 500), " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := booking.Printable(name)
		if got == "" {
			return
		}
		if !utf8.ValidString(got) || booking.Printable(got) != got {
			t.Errorf("%q is written %q and again %q", name, got, booking.Printable(got))
		}
		if err := (booking.Person{Name: got, Birth: "1990-02-28", CI: "ci"}).Validate(); err != nil {
			t.Errorf("%q is written %q: %v", name, got, err)
		}
	})
}
