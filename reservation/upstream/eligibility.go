package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Applicant is whom eligibility is asked about. Birth is YYYY-MM-DD.
type Applicant struct {
	CI     string `json:"ci"`
	Birth  string `json:"birth"`
	Cohort string `json:"cohort"`
}

// Verdict is whether a person may book. Reason is a stable code where not.
type Verdict struct {
	Eligible bool   `json:"eligible"`
	Reason   string `json:"reason,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// Eligibility asks the register who may book. It is safe for concurrent use.
type Eligibility struct{ exchange *exchange }

// NewEligibility checks the configuration; it connects with the first call.
func NewEligibility(cfg Config) (*Eligibility, error) {
	exchange, err := newExchange(SystemEligibility, cfg)
	if err != nil {
		return nil, err
	}
	return &Eligibility{exchange}, nil
}

// Check asks about one person. Not being eligible is a Verdict, not an error;
// the errors are ErrDown, ErrBusy, and a *Refusal where the register takes the
// question for malformed.
func (e *Eligibility) Check(ctx context.Context, a Applicant) (Verdict, error) {
	return e.ask(ctx, false, http.MethodPost, "/eligibility", a)
}

// Report is what the register is told of somebody's booking.
type Report struct {
	Applicant
	Live bool `json:"live"` // false once it is cancelled
}

// Report tells the register of a booking, by its number, and returns what the
// register thinks of the person. The same report again changes nothing. After
// ErrUnknown it may have arrived.
func (e *Eligibility) Report(ctx context.Context, number string, r Report) (Verdict, error) {
	return e.ask(ctx, true, http.MethodPut, "/eligibility/bookings/"+url.PathEscape(number), r)
}

func (e *Eligibility) ask(ctx context.Context, write bool, method, path string, question any) (Verdict, error) {
	var verdict Verdict
	err := e.exchange.call(ctx, write, func(ctx context.Context) error {
		verdict = Verdict{}
		if err := e.exchange.send(ctx, method, path, question, &verdict); err != nil {
			return err
		}
		// A no without its reason could never be explained or appealed.
		if !verdict.Eligible && verdict.Reason == "" {
			return &attemptError{outcome: failed, cause: errors.New("refused without a reason")}
		}
		return nil
	})
	if err != nil {
		return Verdict{}, err
	}
	return verdict, nil
}
