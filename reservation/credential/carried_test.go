package credential_test

import (
	"net/http"
	"testing"

	"sunbeon/reservation/credential"
)

func TestPassOf(t *testing.T) {
	f := func(want, authorization string, cookies ...string) {
		t.Helper()
		r := &http.Request{Header: http.Header{"Cookie": cookies}}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		if got := credential.PassOf(r); got != want {
			t.Errorf("%q %q: %q, want %q", authorization, cookies, got, want)
		}
	}
	f("", "")
	f("a.b.c", "", "sunbeon_pass=a.b.c")
	f("a.b.c", "", "lang=ko; sunbeon_login=x;sunbeon_pass=a.b.c")
	f("a.b.c", "", "lang=ko", "sunbeon_pass=a.b.c")
	f("first", "", "sunbeon_pass=first; sunbeon_pass=second")
	f("second", "", "sunbeon_pass =first; xsunbeon_pass=x; sunbeon_pass=second")
	f("bearer", "Bearer bearer", "sunbeon_pass=cookie")
	f("", "Bearer ", "sunbeon_pass=cookie")
	f("cookie", "Basic x", "sunbeon_pass=cookie")
}
