package was

import (
	"errors"
	"net/http"
	"time"

	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
)

// visitor is the person behind a request, as far as it has been checked.
type visitor struct {
	login credential.Login
	ref   string          // name in the ledger
	pass  credential.Pass // only where a pass was asked for
}

// person is who they are, for the ledger. The identity check has been passed and
// the turn waited for, so an odd character in a name is no reason to send
// somebody away now.
func (v visitor) person() booking.Person {
	return booking.Person{Name: booking.Printable(v.login.Name), Birth: v.login.Birth, Phone: v.login.Phone, CI: v.login.CI}
}

// identify opens the login: who is it?
func (s *Server) identify(r *http.Request) (visitor, error) {
	token, ok := credential.CookieOf(r, credential.LoginCookie)
	if !ok {
		return visitor{}, refuse("login_required", "Please verify your identity first.")
	}
	login, err := s.cfg.Keys.Login.Open(token, s.cfg.Now().UnixMilli())
	switch {
	case errors.Is(err, credential.ErrExpired):
		return visitor{}, refuse("login_expired", "Please verify your identity again.")
	case err != nil:
		return visitor{}, refuse("login_invalid", "Please verify your identity again.")
	}
	return visitor{login: login, ref: s.cfg.Keys.Person.Ref(login.CI)}, nil
}

// admit also checks the pass: may they be in?
func (s *Server) admit(r *http.Request) (visitor, error) {
	v, err := s.identify(r)
	if err != nil {
		return v, err
	}
	token := credential.PassOf(r)
	if token == "" {
		return v, refuse("pass_required", "Please wait for your turn.")
	}
	if v.pass, err = s.verify(r, token); err != nil {
		return v, err
	}
	if v.pass.BoundTo(v.ref) != nil {
		return v, refuse("pass_of_another", "This pass was given to somebody else.")
	}
	return v, s.allows(v.pass)
}

// allows is what the plan has against a pass.
func (s *Server) allows(pass credential.Pass) error {
	switch s.plan.standing(pass) {
	case admitted:
		return nil
	case revoked:
		return refuse("pass_revoked", "This pass has been withdrawn.")
	case paused:
		return refuse("paused",
			"Booking has been paused. Your turn and the time left on your pass are kept.").Retry(later(5 * time.Second))
	case notOpen:
		return refuse("cohort_not_open", "Booking is not open for this cohort.")
	default:
		return s.blind("plan")
	}
}

func (s *Server) verify(r *http.Request, token string) (credential.Pass, error) {
	check := s.cfg.Passes.Verify
	if r.Header.Get(credential.IssuedHeader) == token && pki.PeerRole(r) == "gate" {
		check = s.cfg.Passes.VerifyIssued // gates hold the key: to believe one is to trust no more than its signature
	}
	pass, err := check(r.Context(), token, s.cfg.Now().UnixMilli())
	switch {
	case err == nil:
		return pass, nil
	case errors.Is(err, credential.ErrKeysUnavailable):
		return pass, s.blind("keys")
	case errors.Is(err, credential.ErrExpired):
		return pass, refuse("pass_expired", "Your pass has expired. It can be claimed again.")
	default:
		return pass, refuse("pass_invalid", "This is not a pass.")
	}
}

// blind is the answer while the server cannot tell who may be in: it keeps
// people waiting rather than letting anybody through.
func (s *Server) blind(reason string) error {
	s.gates.Hold(reason)
	return holdOn()
}
