package population

import (
	"slices"
	"sort"
	"time"
)

// birthdays is a distribution over days of birth.
type birthdays struct {
	days []time.Time
	// upTo[i] is the weight of days[0..i].
	upTo []float64
}

// newBirthdays weighs every day from the first to the last, both included, for
// which keep holds: the people of its year, times the share of its last digit,
// spread evenly over the days of that year which end in the digit.
func newBirthdays(first, last time.Time, keep func(time.Time) bool) birthdays {
	var b birthdays
	total := 0.0
	for year := first.Year(); year <= last.Year(); year++ {
		inYear := endingIn(year)
		for day := date(year, 1, 1); day.Year() == year; day = day.AddDate(0, 0, 1) {
			if day.Before(first) || day.After(last) || !keep(day) {
				continue
			}
			digit := day.Day() % 10
			total += yearPeople(year) * float64(digits[digit]) / float64(inYear[digit])
			b.days = append(b.days, day)
			b.upTo = append(b.upTo, total)
		}
	}
	return b
}

// at returns the day at quantile q of the distribution, 0 ≤ q < 1.
func (b birthdays) at(q float64) time.Time {
	weight := q * b.upTo[len(b.upTo)-1]
	i := sort.SearchFloat64s(b.upTo, weight)
	return b.days[min(i, len(b.days)-1)]
}

// endingIn counts the days of a year by the last digit of the day.
func endingIn(year int) (count [10]int) {
	for day := date(year, 1, 1); day.Year() == year; day = day.AddDate(0, 0, 1) {
		count[day.Day()%10]++
	}
	return count
}

func endsIn(day time.Time, lastDigits []int) bool {
	return len(lastDigits) == 0 || slices.Contains(lastDigits, day.Day()%10)
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
