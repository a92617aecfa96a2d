package pages

import "testing"

func TestDatesAsPeopleSayThem(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const eight = 1626692400000 // 2021-07-19 20:00 in Korea
	f(moment("ko", eight), "7월 19일(월) 20:00")
	f(moment("en", eight), "Mon 19 July, 20:00")
	f(day("ko", "2021-08-26"), "2021년 8월 26일 (목)")
	f(day("en", "2021-08-26"), "Thursday, 26 August 2021")
	f(date("ko", "1951-01-01"), "1951년 1월 1일")
	f(date("en", "soon"), "soon")
	f(day("en", ""), "")
	f(grouped(1234567), "1,234,567")
	f(grouped(-1000), "-1,000")
	f(grouped(999), "999")
}
