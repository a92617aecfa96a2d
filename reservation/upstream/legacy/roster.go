package legacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Reasons a person is not eligible.
const (
	ReasonVaccinated = "already_vaccinated"
	ReasonTooYoung   = "below_minimum_age"
)

// Applicant is whom eligibility is asked about.
type Applicant struct {
	CI     string `json:"ci" minLength:"88" maxLength:"88" doc:"Connecting information, 88 characters of base64."`
	Birth  string `json:"birth" format:"date"`
	Cohort string `json:"cohort" minLength:"1" maxLength:"128"`
}

// Verdict is the roster's answer. Reason is a stable code, empty where the
// applicant is eligible.
type Verdict struct {
	Eligible bool   `json:"eligible"`
	Reason   string `json:"reason,omitempty" enum:"already_vaccinated,below_minimum_age"`
	Detail   string `json:"detail,omitempty"`
}

// Roster is the synthetic register behind eligibility: a fixed share of all
// persons, chosen by their CI, has been vaccinated already, and nobody under
// the minimum age may be.
type Roster struct {
	// VaccinatedShare is from 0 to 1.
	VaccinatedShare float64
	// MinimumAge is in full years.
	MinimumAge int
}

// Judge decides for the day of now in Korea. A malformed applicant is an error,
// never a refusal.
func (r Roster) Judge(a Applicant, now time.Time) (Verdict, error) {
	if identifier, err := base64.StdEncoding.DecodeString(a.CI); err != nil || len(identifier) != 64 {
		return Verdict{}, errors.New("ci: want 64 bytes as 88 characters of base64")
	}
	if a.Cohort == "" || tooLong(a.Cohort, 128) {
		return Verdict{}, errors.New("cohort: want 1 to 128 characters")
	}
	birth, err := ParseBirth(a.Birth, now)
	if err != nil {
		return Verdict{}, err
	}
	if age := AgeOn(birth, now); age < r.MinimumAge {
		return Verdict{Reason: ReasonTooYoung, Detail: fmt.Sprintf("aged %d, the vaccine is licensed from %d", age, r.MinimumAge)}, nil
	}
	if share(a.CI) < r.VaccinatedShare {
		return Verdict{Reason: ReasonVaccinated, Detail: "the register holds a vaccination of this person"}, nil
	}
	return Verdict{Eligible: true}, nil
}

// AgeOn is a person's age in full years on the day of now in Korea. A year is
// full when its birthday begins; someone born on 29 February has it on 1 March
// in a common year.
func AgeOn(birth, now time.Time) int {
	today := now.In(Korea)
	age := today.Year() - birth.Year()
	if today.Month() < birth.Month() || today.Month() == birth.Month() && today.Day() < birth.Day() {
		age--
	}
	return age
}

// share places a CI evenly on [0, 1).
func share(ci string) float64 {
	mac := hmac.New(sha256.New, []byte("sunbeon synthetic roster"))
	mac.Write([]byte(ci))
	return float64(binary.BigEndian.Uint64(mac.Sum(nil))>>11) / (1 << 53)
}
