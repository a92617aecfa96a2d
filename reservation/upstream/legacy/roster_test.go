package legacy_test

import (
	"fmt"
	"testing"
	"time"

	"sunbeon/reservation/upstream/legacy"
)

func TestAgeTurnsWithTheBirthdayInKorea(t *testing.T) {
	f := func(birth, now string, want int) {
		t.Helper()
		born, err := time.ParseInLocation(time.DateOnly, birth, legacy.Korea)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := legacy.AgeOn(born, at); got != want {
			t.Errorf("born %s, at %s: %d, want %d", birth, now, got, want)
		}
	}
	f("2009-08-09", "2021-08-08T14:59:59Z", 11) // 23:59:59 on the 8th in Korea
	f("2009-08-09", "2021-08-08T15:00:00Z", 12) // midnight in Korea, still the 8th in Greenwich
	f("2009-12-31", "2021-12-30T12:00:00+09:00", 11)
	f("2009-12-31", "2021-12-31T00:00:00+09:00", 12)
	f("2010-01-01", "2021-12-31T23:59:59+09:00", 11)
	f("2010-01-01", "2022-01-01T00:00:00+09:00", 12)
	f("2008-02-29", "2021-02-28T23:59:59+09:00", 12)
	f("2008-02-29", "2021-03-01T00:00:00+09:00", 13)
	f("2008-02-29", "2020-02-29T00:00:00+09:00", 12)
}

func TestRosterRefusesAFixedShare(t *testing.T) {
	roster := legacy.Roster{VaccinatedShare: 0.1, MinimumAge: 12}
	now := time.Date(2021, 8, 9, 20, 0, 0, 0, legacy.Korea)
	refused := 0
	for n := range 10_000 {
		a := legacy.Applicant{CI: legacy.ConnectingInformation(fmt.Sprint("person ", n)), Birth: "1985-02-28", Cohort: "c"}
		verdict, err := roster.Judge(a, now)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := roster.Judge(a, now.AddDate(1, 0, 0))
		if verdict != again {
			t.Fatalf("person %d: %+v, a year later %+v", n, verdict, again)
		}
		if !verdict.Eligible {
			refused++
			if verdict.Reason != legacy.ReasonVaccinated {
				t.Fatalf("refused for %q", verdict.Reason)
			}
		}
	}
	within(t, "refused of 10000", float64(refused), 1000, 0.1)
}

func TestRosterTellsMalformedFromRefused(t *testing.T) {
	ci := legacy.ConnectingInformation("person")
	now := time.Date(2021, 8, 9, 20, 0, 0, 0, legacy.Korea)
	f := func(a legacy.Applicant, malformed bool, reason string) {
		t.Helper()
		verdict, err := legacy.Roster{MinimumAge: 12}.Judge(a, now)
		if (err != nil) != malformed || verdict.Reason != reason {
			t.Errorf("%+v: got %+v, %v", a, verdict, err)
		}
	}
	f(legacy.Applicant{CI: ci, Birth: "1985-02-28", Cohort: "c"}, false, "")
	f(legacy.Applicant{CI: ci, Birth: "2015-01-01", Cohort: "c"}, false, legacy.ReasonTooYoung)
	f(legacy.Applicant{CI: ci[:87], Birth: "1985-02-28", Cohort: "c"}, true, "")
	f(legacy.Applicant{CI: ci, Birth: "1985-02-30", Cohort: "c"}, true, "")
	f(legacy.Applicant{CI: ci, Birth: "2021-08-10", Cohort: "c"}, true, "")
	f(legacy.Applicant{CI: ci, Birth: "1985-02-28"}, true, "")
}
