package gate

import (
	"errors"
	"net/http"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
)

func (g *Gate) setCookie(w http.ResponseWriter, name, value string, expiresMS int64) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", Expires: time.UnixMilli(expiresMS),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: g.config.SecureCookies,
	})
}

func (g *Gate) dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Path: "/", MaxAge: -1,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: g.config.SecureCookies,
	})
}

// who returns the login of a request, or the problem with it.
func (g *Gate) who(r *http.Request) (credential.Login, *problem.Problem) {
	token, ok := credential.CookieOf(r, credential.LoginCookie)
	if !ok {
		return credential.Login{}, problem.New(http.StatusUnauthorized, "login_required", "Identify yourself first.")
	}
	login, err := g.keys.Login.Open(token, g.nowMS())
	switch {
	case errors.Is(err, credential.ErrExpired):
		return credential.Login{}, problem.New(http.StatusUnauthorized, "login_expired", "Identify yourself again. Your place in the line is kept.")
	case err != nil:
		return credential.Login{}, problem.New(http.StatusUnauthorized, "login_invalid", "Identify yourself again. Your place in the line is kept.")
	}
	return login, nil
}

// refuse answers with a problem and counts it.
func (g *Gate) refuse(w http.ResponseWriter, p *problem.Problem) {
	g.metrics.refused.WithLabelValues(p.Code).Inc()
	p.Send(w)
}
