package pages

import (
	"strconv"
	"time"
)

// korea is the time zone of everything people are told. It has kept one
// offset since 1988, so no zone database is needed.
var korea = time.FixedZone("KST", 9*60*60)

// weekdays as they stand behind a date in Korean.
var weekdays = [...]string{"일", "월", "화", "수", "목", "금", "토"}

// moment is a day and time as people say it.
func moment(lang string, ms int64) string {
	t := time.UnixMilli(ms).In(korea)
	if lang == "ko" {
		return t.Format("1월 2일") + "(" + weekdays[t.Weekday()] + ") " + t.Format("15:04")
	}
	return t.Format("Mon 2 January, 15:04")
}

// date is a date, YYYY-MM-DD, as people say it. What is no date stays as it is.
func date(lang, written string) string {
	t, err := time.Parse(time.DateOnly, written)
	switch {
	case err != nil:
		return written
	case lang == "ko":
		return t.Format("2006년 1월 2일")
	}
	return t.Format("2 January 2006")
}

// day is a date with its day of the week.
func day(lang, written string) string {
	t, err := time.Parse(time.DateOnly, written)
	switch {
	case err != nil:
		return written
	case lang == "ko":
		return date(lang, written) + " (" + weekdays[t.Weekday()] + ")"
	}
	return t.Format("Monday, ") + date(lang, written)
}

// grouped writes a number with commas between the thousands, as both
// languages do.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// signs are shapes for the phases, so that colour is never alone.
var signs = map[string]string{
	"scheduled": "○", "lobby": "◔", "sealed": "◔", "open": "●", "paused": "❚❚", "closed": "■",
}
