package population_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/rush/population"
)

const drawn = 200_000

func everyone() population.Spec {
	return population.Spec{BirthFrom: day("1972-01-01"), BirthTo: day("2003-12-31")}
}

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

func draw(t *testing.T, spec population.Spec, seed uint64, n int) []population.Person {
	t.Helper()
	crowd, err := population.New(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	people := make([]population.Person, n)
	for i := range people {
		people[i] = crowd.Person(i)
	}
	return people
}

// chiSquare is Pearson's statistic of counts against expected shares.
func chiSquare(counts map[string]int, people map[string]int) float64 {
	total, n := 0, 0
	for _, p := range people {
		total += p
	}
	for _, c := range counts {
		n += c
	}
	x := 0.0
	for key, p := range people {
		want := float64(n) * float64(p) / float64(total)
		d := float64(counts[key]) - want
		x += d * d / want
	}
	return x
}

// The bounds are the 0.1 % points of χ² with 3, 9 and 16 degrees of freedom.
func TestCrowdFollowsFigures(t *testing.T) {
	decade := map[string]int{"40s": 5569181, "30s": 4544844, "20s": 4835135, "18-19": 425606}
	digit := map[string]int{
		"9": 1408217, "0": 1648528, "1": 1736684, "2": 1489502, "3": 1511107, "4": 1409605,
		"5": 1542781, "6": 1542781, "7": 1542781, "8": 1542781,
	}
	province := map[string]int{}
	for _, p := range population.Provinces() {
		province[p.Name] = p.People
	}
	decades, digits, provinces := map[string]int{}, map[string]int{}, map[string]int{}
	for _, p := range draw(t, everyone(), 11, drawn) {
		switch year := p.Birth.Year(); {
		case year <= 1981:
			decades["40s"]++
		case year <= 1991:
			decades["30s"]++
		case year <= 2001:
			decades["20s"]++
		default:
			decades["18-19"]++
		}
		digits[string(rune('0'+p.Birth.Day()%10))]++
		provinces[p.Province]++
	}
	f := func(what string, counts, people map[string]int, bound float64) {
		t.Helper()
		if x := chiSquare(counts, people); x > bound {
			t.Errorf("%s: χ² = %.1f, above %.1f: %v", what, x, bound, counts)
		}
	}
	f("decades", decades, decade, 16.3)
	f("digits", digits, digit, 27.9)
	f("provinces", provinces, province, 39.3)
}

func TestCrowdIsFixedBySeed(t *testing.T) {
	a, b := draw(t, everyone(), 7, 500), draw(t, everyone(), 7, 500)
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("same seed, other people:\n%s", d)
	}
	crowd, err := population.New(everyone(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a[321], crowd.Person(321)); d != "" {
		t.Errorf("a person depends on the order of drawing:\n%s", d)
	}
	if cmp.Equal(a, draw(t, everyone(), 8, 500)) {
		t.Error("another seed, same people")
	}
}

func TestMembersBelongToTheirCohort(t *testing.T) {
	spec := population.Spec{
		BirthFrom: day("1985-03-02"), BirthTo: day("1990-02-28"), LastDigits: []int{9, 0}, Outsiders: 0.1,
	}
	outsiders := 0
	for _, p := range draw(t, spec, 3, 20_000) {
		belongs := !p.Birth.Before(spec.BirthFrom) && !p.Birth.After(spec.BirthTo) &&
			slices.Contains(spec.LastDigits, p.Birth.Day()%10)
		if belongs != p.Member {
			t.Fatalf("born %s: member %v", p.Birth.Format(time.DateOnly), p.Member)
		}
		if !p.Member {
			outsiders++
		}
	}
	if outsiders < 1800 || outsiders > 2200 {
		t.Errorf("%d outsiders in 20,000, want about 2,000", outsiders)
	}
}

func TestIdentitiesAreDistinctAndFormed(t *testing.T) {
	spec := everyone()
	spec.Foreigners = 0.05
	digits, phones, longest := map[string]bool{}, map[string]bool{}, 0
	for _, p := range draw(t, spec, 5, 30_000) {
		if digits[p.Digits] || phones[p.Phone] {
			t.Fatalf("person %d shares digits or phone", p.Index)
		}
		digits[p.Digits], phones[p.Phone] = true, true
		if !strings.HasPrefix(p.Phone, "010-0") || len(p.Phone) != len("010-0000-0000") {
			t.Fatalf("telephone number %q could be somebody's", p.Phone)
		}
		if !utf8.ValidString(p.Name) || p.Name == "" {
			t.Fatalf("name %q", p.Name)
		}
		longest = max(longest, len(p.Name))
	}
	if longest < 50 {
		t.Errorf("longest name has %d bytes: no long Latin names among foreigners", longest)
	}
}

func TestImpossibleCrowds(t *testing.T) {
	f := func(what string, change func(*population.Spec)) {
		t.Helper()
		spec := everyone()
		change(&spec)
		if _, err := population.New(spec, 1); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	f("reversed dates", func(s *population.Spec) { s.BirthFrom, s.BirthTo = s.BirthTo, s.BirthFrom })
	f("nobody", func(s *population.Spec) { s.BirthTo, s.LastDigits = s.BirthFrom, []int{2} })
	f("a share above one", func(s *population.Spec) { s.Outsiders = 1.5 })
}
