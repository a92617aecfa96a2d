package gate_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/gate"
)

// page gets a page in the language and fails unless it is one.
func (p *person) page(path, language string) string {
	p.w.t.Helper()
	p.header.Set("Accept-Language", language)
	resp, body := p.do(http.MethodGet, path, "", nil)
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		p.w.t.Fatalf("%s: %d %s %s", path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
	return body
}

var identityForm = url.Values{
	"provider": {"kakao"}, "name": {"김순번"}, "birth": {"1985-03-09"}, "digits": {"one"}, "phone": {"010"}, "province": {"Seoul"},
}.Encode()

func hidden(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no field %s in %s", name, page)
	}
	return found[1]
}

func TestTheWholeWayInPagesWithoutScript(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	w.define("a")
	p := w.anyone()
	if home := p.page("/", "en"); !strings.Contains(home, "Everybody") || !strings.Contains(home, `action="/identify"`) {
		t.Errorf("home: %s", home)
	}
	goes := func(what, path, form, to string) {
		t.Helper()
		resp, body := p.submit(path, form)
		if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), to) {
			t.Fatalf("%s: %d to %q: %s", what, resp.StatusCode, resp.Header.Get("Location"), body)
		}
	}
	goes("identify", "/identify", identityForm, "/line")
	if line := p.page("/line", "en"); !strings.Contains(line, `http-equiv="refresh"`) || !strings.Contains(line, "Check now") {
		t.Errorf("a waiting page that does not renew itself: %s", line)
	}
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	w.eventually("the page says it is the turn", func() bool { return strings.Contains(p.page("/line", "en"), `action="/enter"`) })
	if line := p.page("/line", "en"); strings.Contains(line, `http-equiv="refresh"`) {
		t.Error("the page moves under the hand of someone about to go in")
	}
	goes("enter", "/enter", "", "/institutions?province=Seoul")
	found := p.page("/institutions?province=Seoul", "en")
	if !strings.Contains(found, "Clinic &lt;b&gt;3&lt;/b&gt;") || !strings.Contains(found, "cursor=4") {
		t.Errorf("institutions: %s", found)
	}
	slots := p.page("/institutions/3", "en")
	choice := url.Values{"slot_id": {hidden(t, slots, "slot_id")}, "key": {hidden(t, slots, "key")}}.Encode()

	w.was.set(func() { w.was.taken = true })
	resp, taken := p.submit("/book", choice)
	if resp.StatusCode != http.StatusConflict || hidden(t, taken, "slot_id") != "77" {
		t.Errorf("taken slot: %d %s", resp.StatusCode, taken)
	}
	w.was.set(func() { w.was.taken = false })
	goes("book", "/book", choice, "/bookings?new=1")
	goes("book the same form again", "/book", choice, "/bookings?new=1")
	w.was.mu.Lock()
	if len(w.was.booked) != 1 {
		t.Errorf("%d bookings by one form", len(w.was.booked))
	}
	w.was.mu.Unlock()
	if done := p.page("/bookings?new=1", "en"); !strings.Contains(done, "A-1") || !strings.Contains(done, "2021-10-07") {
		t.Errorf("confirmation: %s", done)
	}
	goes("cancel", "/bookings/A-1/cancel", "key=k9", "/bookings")
	if r, _ := w.was.last(); r.Method != http.MethodDelete || r.Header.Get("Idempotency-Key") != "k9" {
		t.Errorf("cancelled by %s %v", r.Method, r.Header)
	}
	goes("log out", "/logout", "", "/")
	if len(p.cookies) != 0 {
		t.Errorf("cookies left: %v", p.cookies)
	}
}

func TestPagesSpeakTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	f := func(path, accept, wantLang, wantText string) *person {
		t.Helper()
		p := w.anyone()
		got := p.page(path, accept)
		if !strings.Contains(got, `<html lang="`+wantLang+`">`) || !strings.Contains(got, wantText) {
			t.Errorf("%s for %q: %s", path, accept, got)
		}
		return p
	}
	f("/", "", "ko", "모두")
	f("/", "ko-KR,ko;q=0.9", "ko", "모두")
	f("/", "en-US,en;q=0.9", "en", "Everybody")
	f("/", "de,en;q=0.5", "en", "Everybody")
	f("/", "de", "en", "Everybody")
	f("/", "vi", "en", "Everybody")
	p := f("/?lang=en", "ko", "en", "Everybody")
	if got := p.page("/", "ko"); !strings.Contains(got, "Everybody") {
		t.Error("the choice was not remembered")
	}
	f("/?lang=xx", "en", "en", "Everybody")
}

func TestProblemPagesKeepTheWayOpen(t *testing.T) {
	w := newWorld(t)
	p := w.admitted("one")
	stranger := w.anyone()
	if got := stranger.page("/line", "en"); !strings.Contains(got, "Please identify yourself") || !strings.Contains(got, `href="/"`) {
		t.Errorf("a stranger's line: %s", got)
	}
	got := p.page("/institutions", "en")
	if !strings.Contains(got, "Hold on") || !strings.Contains(got, `http-equiv="refresh"`) {
		t.Errorf("without a booking server: %s", got)
	}
	w.identityDown.Store(true)
	resp, body := w.anyone().submit("/identify", identityForm)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("issuer down: %d %s", resp.StatusCode, body)
	}
	if !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `value="김순번"`) || !strings.Contains(body, "카카오") {
		t.Errorf("what was typed, or whom to wait for, is lost: %s", body)
	}
	p.header.Set("Accept", "text/html,*/*")
	if got := p.page("/nowhere", "en"); !strings.Contains(got, "Not found") {
		t.Errorf("nowhere: %s", got)
	}
}

func TestPagesAskForSyntheticPersonsOnlyOfTheSimulator(t *testing.T) {
	w := newWorld(t, func(c *gate.Config) { c.Synthetic = false })
	if home := w.anyone().page("/", "en"); strings.Contains(home, "<form") {
		t.Error("asks for a synthetic person before a real issuer")
	}
	if resp, _ := w.anyone().submit("/identify", identityForm); resp.StatusCode != http.StatusNotFound {
		t.Errorf("identified anyway: %d", resp.StatusCode)
	}
}

func TestPagesAllowNoScriptAndNoFrame(t *testing.T) {
	w := newWorld(t)
	resp, body := w.anyone().do(http.MethodGet, "/", "", nil)
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(body, "<script") {
		t.Errorf("policy %q", policy)
	}
	if resp, _ := w.anyone().do(http.MethodGet, "/style.css", "", nil); resp.StatusCode != http.StatusOK {
		t.Errorf("style: %d", resp.StatusCode)
	}
}
