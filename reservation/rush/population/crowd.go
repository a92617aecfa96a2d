package population

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Spec says who is in a crowd.
type Spec struct {
	// BirthFrom and BirthTo bound the cohort's dates of birth, both included.
	BirthFrom, BirthTo time.Time
	// LastDigits are the last digits of the day of birth the cohort admits;
	// none means all.
	LastDigits []int
	// Outsiders is the share, 0 to 1, of people who do not belong to the cohort
	// and must be refused.
	Outsiders float64
	// Foreigners is the share, 0 to 1, of residents with a foreigner number.
	Foreigners float64
}

// Person is one synthetic citizen, as they would fill in the identity form.
type Person struct {
	Index int
	// ID names the person among all crowds.
	ID    string
	Name  string
	Birth time.Time
	// Digits stands for the resident or foreigner number.
	Digits   string
	Phone    string
	Province string
	// Member tells whether the person belongs to the cohort.
	Member bool
}

// Crowd draws people. It is safe for concurrent use.
type Crowd struct {
	spec     Spec
	seed     uint64
	inside   birthdays
	outside  birthdays
	dwellers [len(provinces)]int // people of the provinces up to this one
}

// Outsiders are drawn from the birth years that these bound, so that a cohort
// of any ages has neighbours on both sides.
const earliestYear, latestYear = 1945, 2010

// New prepares a crowd. It fails on a spec no one can satisfy.
func New(spec Spec, seed uint64) (*Crowd, error) {
	if spec.BirthTo.Before(spec.BirthFrom) {
		return nil, fmt.Errorf("cohort's dates of birth: %s is after %s",
			spec.BirthFrom.Format(time.DateOnly), spec.BirthTo.Format(time.DateOnly))
	}
	if min(spec.Outsiders, spec.Foreigners) < 0 || max(spec.Outsiders, spec.Foreigners) > 1 {
		return nil, errors.New("shares of outsiders and foreigners must lie between 0 and 1")
	}
	member := func(day time.Time) bool {
		return !day.Before(spec.BirthFrom) && !day.After(spec.BirthTo) && endsIn(day, spec.LastDigits)
	}
	c := &Crowd{
		spec:   spec,
		seed:   seed,
		inside: newBirthdays(spec.BirthFrom, spec.BirthTo, member),
		outside: newBirthdays(date(earliestYear, 1, 1), date(latestYear, 12, 31),
			func(day time.Time) bool { return !member(day) }),
	}
	if len(c.inside.days) == 0 {
		return nil, errors.New("no date of birth belongs to the cohort")
	}
	if len(c.outside.days) == 0 {
		c.spec.Outsiders = 0
	}
	sum := 0
	for i, p := range provinces {
		sum += p.People
		c.dwellers[i] = sum
	}
	return c, nil
}

// Person draws person i, 0 ≤ i < 10 million.
func (c *Crowd) Person(i int) Person {
	r := rand.New(rand.NewPCG(c.seed, uint64(i)))
	p := Person{Index: i, Member: r.Float64() >= c.spec.Outsiders}
	days := c.inside
	if !p.Member {
		days = c.outside
	}
	p.Birth = days.at(r.Float64())
	p.Province = c.province(r.IntN(c.dwellers[len(c.dwellers)-1]))
	// Letters part the numbers, because hyphens do not count to an identity
	// provider.
	p.ID = fmt.Sprintf("s%d-n%d", c.seed, i)
	kind := "resident"
	if r.Float64() < c.spec.Foreigners {
		kind, p.Name = "foreigner", foreignName(r)
	} else {
		p.Name = koreanName(r)
	}
	p.Digits = "synthetic-" + kind + "-" + p.ID
	// No Korean mobile number begins with 010-0 or 010-1.
	p.Phone = fmt.Sprintf("010-0%03d-%04d", i/10_000%1000, i%10_000)
	return p
}

func (c *Crowd) province(n int) string {
	for i, upTo := range c.dwellers {
		if n < upTo {
			return provinces[i].Name
		}
	}
	return provinces[len(provinces)-1].Name
}
