package credential

import (
	"net/http"
	"strings"
)

// The cookies in which a person carries login and pass.
const (
	LoginCookie = "sunbeon_login"
	PassCookie  = "sunbeon_pass"
)

// CookieOf is the value of a cookie of ours, which needs no unquoting, and whether
// there is one; of several the first. Gates and booking servers both read by it: if
// they read a request differently, a gate could vouch for one pass and have another
// taken. Every request of a citizen brings cookies, and [http.Request.Cookie] would
// make a list of all of them.
func CookieOf(r *http.Request, name string) (string, bool) {
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if key, value, _ := strings.Cut(strings.TrimSpace(pair), "="); key == name {
				return value, true
			}
		}
	}
	return "", false
}

// PassOf is the pass a request carries, as a bearer token or in the cookie; empty
// where it carries none.
func PassOf(r *http.Request) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token
	}
	token, _ := CookieOf(r, PassCookie)
	return token
}
