package gate_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestWhoComesBackIsWhoLeft(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	refused := func(what string, p *person, back string) {
		t.Helper()
		resp, body := p.comesBack(back)
		if resp.StatusCode != http.StatusUnauthorized || p.cookies["sunbeon_login"] != "" {
			t.Errorf("%s: %d %s", what, resp.StatusCode, body)
		}
		if !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `href="/identify/naver"`) {
			t.Errorf("%s is a dead end: %s", what, body)
		}
	}
	honest := w.anyone()
	back := honest.leavesFor("kakao")
	refused("a link with somebody else's answer", w.anyone(), back)
	victim := w.anyone()
	victim.leavesFor("kakao")
	refused("an answer slipped into another way", victim, back)
	if resp, body := honest.comesBack(back); resp.StatusCode != http.StatusSeeOther || honest.cookies["sunbeon_login"] == "" {
		t.Errorf("the honest one: %d %s", resp.StatusCode, body)
	}
	refused("the same answer twice", w.anyone(), back)

	crossed := w.anyone()
	to, err := url.Parse(crossed.leavesFor("kakao"))
	if err != nil {
		t.Fatal(err)
	}
	stolen, err := url.Parse(w.anyone().leavesFor("kakao"))
	if err != nil {
		t.Fatal(err)
	}
	query := to.Query()
	query.Set("code", stolen.Query().Get("code"))
	to.RawQuery = query.Encode()
	refused("one's own state with a stolen code", crossed, to.String())
}

func TestProvidersTroubleIsTold(t *testing.T) {
	w := newWorld(t)
	p := w.anyone()
	p.header.Set("Accept-Language", "en")
	if resp, body := p.do(http.MethodGet, "/identify/visa", "", nil); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "<html") {
		t.Errorf("no such provider: %d %s", resp.StatusCode, body)
	}
	back, _ := url.Parse(p.leavesFor("kakao"))
	said := func(answer string) (*http.Response, string) {
		return p.do(http.MethodGet, "/identified?"+url.Values{"state": {back.Query().Get("state")}, "error": {answer}}.Encode(), "", nil)
	}
	if resp, body := said("access_denied"); resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "was cancelled") {
		t.Errorf("refused: %d %s", resp.StatusCode, body)
	}
	back, _ = url.Parse(p.leavesFor("kakao"))
	if resp, body := said("temporarily_unavailable"); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "Kakao") {
		t.Errorf("unavailable: %d %s", resp.StatusCode, body)
	}
	to := p.leavesFor("kakao")
	w.identityDown.Store(true)
	if resp, body := p.comesBack(to); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "Kakao") {
		t.Errorf("down at the exchange: %d %s", resp.StatusCode, body)
	}
}

func TestAnIssuerThatIsDownIsNamedBeforeAnyoneLeaves(t *testing.T) {
	w := newWorld(t)
	w.identityDown.Store(true)
	p := w.anyone()
	p.header.Set("Accept-Language", "en")
	resp, body := p.do(http.MethodGet, "/identify/naver", "", nil)
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "Waiting for: Naver") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// What comes in the field is followed only within the pages for booking.
func TestGoingInAgainLeadsNowhereElse(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	f := func(next, want string) {
		t.Helper()
		resp, body := p.submit("/enter", url.Values{"next": {next}}.Encode())
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("next %q: %d to %q, want %q %s", next, resp.StatusCode, got, want, body)
		}
	}
	const first = "/institutions?eligibility=true&province=Seoul"
	f("/slots/5", "/slots/5")
	f("/institutions/3?date=2021-08-26", "/institutions/3?date=2021-08-26")
	f("", first)
	f("https://evil.example/institutions", first)
	f("//evil.example/slots/5", first)
	f("/logout", first)
	f("javascript:alert(1)", first)
}

// Whoever has to identify themselves again in the middle of a choice comes back to it,
// and never to another site.
func TestAnExpiredLoginKeepsTheChoice(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.anyone()
	p.header.Set("Accept-Language", "en")
	choice := url.Values{"slot_id": {"5"}, "key": {"k"}}.Encode()
	for _, way := range []struct{ form, next string }{
		{"/book", "/slots/5"}, {"/bookings/A-1/change", "/slots/5?change=A-1"}, {"/bookings/A-1/rebook", "/slots/5?rebook=A-1"}, {"/bookings/A-1/cancel", "/bookings"},
	} {
		p.cookies = map[string]string{}
		resp, page := p.submit(way.form, choice)
		if next := hidden(t, page, "next"); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(page, `method="get" action="/"`) || next != way.next {
			t.Errorf("%s: %d, on to %q: %s", way.form, resp.StatusCode, next, page)
		}
		link := "/identify/kakao?" + strings.ReplaceAll(url.Values{"next": {way.next}}.Encode(), "+", "%20")
		home := p.page("/?"+url.Values{"next": {way.next}}.Encode(), "en")
		if !strings.Contains(strings.ToLower(home), strings.ToLower(link)) {
			t.Errorf("the start does not lead on by %s: %s", link, home)
		}
		if resp, _ := p.comesBack(p.leavesFor(strings.TrimPrefix(link, "/identify/"))); resp.Header.Get("Location") != way.next {
			t.Errorf("identified, and at %q", resp.Header.Get("Location"))
		}
	}
	for _, elsewhere := range []string{"//evil.example/slots/5", "https://evil.example/slots/5", `/\evil.example`, "/logout", "javascript:alert(1)", "/institutions?q=" + strings.Repeat("x", 4<<10)} {
		p.cookies = map[string]string{}
		back := p.leavesFor("kakao?" + url.Values{"next": {elsewhere}}.Encode())
		if resp, _ := p.comesBack(back); resp.Header.Get("Location") != "/line" {
			t.Errorf("%s leads to %q", elsewhere, resp.Header.Get("Location"))
		}
	}
}
