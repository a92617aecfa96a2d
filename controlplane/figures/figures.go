// Package figures writes the plan's numbers for people: one way of writing
// each for the command line, the terminal and the status page. It is pure.
package figures

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate writes thousandths of a turn per second: "40.0/s".
func Rate(milli int64) string { return RateNumber(milli) + "/s" }

// RateNumber is Rate without its unit. Below ten a second the hundredths
// matter, above a thousand the tenths do not.
func RateNumber(milli int64) string {
	rate := float64(milli) / 1000
	switch {
	case rate >= 1000:
		return Count(int64(rate + 0.5))
	case rate >= 10 || milli%100 == 0:
		return strconv.FormatFloat(rate, 'f', 1, 64)
	}
	return strconv.FormatFloat(rate, 'f', 2, 64)
}

// Count writes a whole number with its thousands apart: "1,234,567".
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Age writes how long ago something was, as coarsely as it is old: "0.3 s",
// "42 s", "3 min", "5 h", "2 d". What never happened is "never".
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0.0 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 10*365*24*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	}
	return "never"
}

// Clock writes the time of day of Unix milliseconds in a place.
func Clock(ms int64, in *time.Location) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).In(in).Format("15:04:05")
}

// Moment writes a time of day and, when it is not on today's date, the day.
func Moment(ms int64, today time.Time, in *time.Location) string {
	if ms == 0 {
		return "-"
	}
	t := time.UnixMilli(ms).In(in)
	if t.Format(time.DateOnly) == today.In(in).Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("01-02 15:04")
}
