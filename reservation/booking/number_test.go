package booking_test

import (
	"strings"
	"testing"

	"sunbeon/reservation/booking"
)

func TestNumberRoundTrip(t *testing.T) {
	for _, serial := range []int64{1, 2, 3, 1000, 20_000_000, 1<<35 - 1} {
		n := booking.NumberOf(serial)
		if got := n.Serial(); got != serial {
			t.Errorf("%s stands for %d, want %d", n, got, serial)
		}
		typed := strings.ToLower(strings.ReplaceAll(string(n), "-", " "))
		typed = strings.NewReplacer("0", "o", "1", "l").Replace(typed)
		if got, err := booking.ParseNumber(typed); err != nil || got != n {
			t.Errorf("ParseNumber(%q) = %q, %v, want %q", typed, got, err, n)
		}
	}
}

// However it got there: from a message, a spreadsheet or a Korean keyboard.
func TestNumberIsReadAsItWasPasted(t *testing.T) {
	want := booking.NumberOf(4711)
	plain := strings.ReplaceAll(string(want), "-", "")
	wide := strings.Map(func(r rune) rune { return r - '!' + '！' }, strings.ToLower(string(want)))
	for _, typed := range []string{
		wide, " " + string(want) + "\n", plain[:4] + "\u00a0" + plain[4:], plain[:4] + "–" + plain[4:], plain[:4] + " − " + plain[4:],
		"\u2068" + string(want) + "\u2069", "\t" + plain[:4] + "\u3000" + plain[4:], strings.Join(strings.Split(plain, ""), " "),
	} {
		if got, err := booking.ParseNumber(typed); err != nil || got != want {
			t.Errorf("ParseNumber(%+q) = %q, %v, want %q", typed, got, err, want)
		}
	}
	for _, typed := range []string{"", plain[:7], plain + "0", "순번" + plain, plain[:4] + "." + plain[4:], plain[:4] + "\x00" + plain[4:]} {
		if got, err := booking.ParseNumber(typed); err == nil {
			t.Errorf("ParseNumber(%+q) = %q", typed, got)
		}
	}
}

func TestNumberNoticesSlips(t *testing.T) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for serial := int64(1); serial < 200; serial++ {
		n := []byte(strings.ReplaceAll(string(booking.NumberOf(serial)), "-", ""))
		for i := range n {
			for _, c := range []byte(alphabet) {
				slip := append([]byte(nil), n...)
				slip[i] = c
				if _, err := booking.ParseNumber(string(slip)); (err == nil) != (c == n[i]) {
					t.Fatalf("%s typed as %s: error %v", n, slip, err)
				}
			}
			for j := range i {
				swap := append([]byte(nil), n...)
				swap[i], swap[j] = swap[j], swap[i]
				if _, err := booking.ParseNumber(string(swap)); (err == nil) != (n[i] == n[j]) {
					t.Fatalf("%s typed as %s: error %v", n, swap, err)
				}
			}
		}
	}
}

func TestNumbersOfNeighboursDifferWidely(t *testing.T) {
	for serial := int64(1); serial < 5000; serial++ {
		a, b := booking.NumberOf(serial), booking.NumberOf(serial+1)
		differ := 0
		for i := range a {
			if a[i] != b[i] {
				differ++
			}
		}
		if differ < 3 {
			t.Fatalf("%d and %d are %s and %s", serial, serial+1, a, b)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	f.Add("7KQ3-M2XA")
	f.Add(string(booking.NumberOf(1)))
	f.Add("순번 ----")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := booking.ParseNumber(s)
		if err != nil {
			return
		}
		if booking.NumberOf(n.Serial()) != n {
			t.Fatalf("%q was read as %q, which stands for nothing", s, n)
		}
	})
}
