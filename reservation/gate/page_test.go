package gate_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
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

// someone is who the person at the keyboard says they are.
var someone = url.Values{"name": {"김순번"}, "birth": {"1985-03-09"}, "digits": {"one"}, "phone": {"010"}, "province": {"Seoul"}}

// identifies takes the whole way to a provider and back.
func (p *person) identifies(provider string) (*http.Response, string) {
	p.w.t.Helper()
	return p.comesBack(p.leavesFor(provider))
}

// leavesFor goes to the provider's page, says who one is and returns where the
// provider sends the browser.
func (p *person) leavesFor(provider string) (back string) {
	p.w.t.Helper()
	resp, body := p.do(http.MethodGet, "/identify/"+provider, "", nil)
	if resp.StatusCode != http.StatusSeeOther {
		p.w.t.Fatalf("identify: %d %s", resp.StatusCode, body)
	}
	there, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || there.Scheme+"://"+there.Host != p.w.identity.URL {
		p.w.t.Fatalf("sent to %s, %v", there, err)
	}
	form := there.Query()
	maps.Copy(form, someone)
	answer, err := p.client.PostForm(p.w.identity.URL+there.Path, form)
	if err != nil {
		p.w.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.Header.Get("Location")
}

func (p *person) comesBack(to string) (*http.Response, string) {
	p.w.t.Helper()
	path, ours := strings.CutPrefix(to, p.w.http.URL)
	if !ours {
		p.w.t.Fatalf("the provider sends the browser to %q", to)
	}
	return p.do(http.MethodGet, path, "", nil)
}

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
	if home := p.page("/", "en"); !strings.Contains(home, "Everybody") || !strings.Contains(home, `href="/identify/kakao"`) {
		t.Errorf("home: %s", home)
	}
	goes := func(what, path, form, to string) {
		t.Helper()
		resp, body := p.submit(path, form)
		if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), to) {
			t.Fatalf("%s: %d to %q: %s", what, resp.StatusCode, resp.Header.Get("Location"), body)
		}
	}
	if resp, body := p.identifies("kakao"); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/line" {
		t.Fatalf("identified: %d %s", resp.StatusCode, body)
	}
	if line := p.page("/line", "en"); !strings.Contains(line, "Check now") || !strings.Contains(line, "wait.js") {
		t.Errorf("a waiting page that cannot be renewed: %s", line)
	}
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	w.eventually("the page says it is the turn", func() bool { return strings.Contains(p.page("/line", "en"), `action="/enter"`) })
	if line := p.page("/line", "en"); strings.Contains(line, "<script") {
		t.Error("the page moves under the hand of someone about to go in")
	}
	goes("enter", "/enter", "", "/institutions?eligibility=true&province=Seoul")
	found := p.page("/institutions?province=Seoul", "en")
	if !strings.Contains(found, "Clinic &lt;b&gt;3&lt;/b&gt;") || !strings.Contains(found, "cursor=4") {
		t.Errorf("institutions: %s", found)
	}
	if wide := p.page("/institutions?province=Seoul&district=Nowhere", "en"); !strings.Contains(wide, "Nothing free in Nowhere. These are in the rest of Seoul.") {
		t.Errorf("a district without anything: %s", wide)
	}
	if strings.Contains(found, "Nothing free") {
		t.Errorf("a search that found: %s", found)
	}
	if slots := p.page("/institutions/3", "en"); !strings.Contains(slots, "Clinic &lt;b&gt;3&lt;/b&gt;") || !strings.Contains(slots, `href="/slots/5"`) {
		t.Errorf("slots: %s", slots)
	}
	review := p.page("/slots/5", "en")
	if !strings.Contains(review, "26 August 2021") || !strings.Contains(review, "7 October 2021") {
		t.Errorf("both doses are not shown before: %s", review)
	}
	choice := url.Values{"slot_id": {hidden(t, review, "slot_id")}, "key": {hidden(t, review, "key")}}.Encode()

	w.was.set(func() { w.was.taken = true })
	if resp, taken := p.submit("/book", choice); resp.StatusCode != http.StatusConflict || !strings.Contains(taken, `href="/slots/77"`) {
		t.Errorf("taken slot: %d %s", resp.StatusCode, taken)
	}
	w.was.set(func() { w.was.taken = false })
	goes("book", "/book", choice, "/bookings?done=booked")
	goes("book the same form again", "/book", choice, "/bookings?done=booked")
	w.was.mu.Lock()
	if len(w.was.booked) != 1 {
		t.Errorf("%d bookings by one form", len(w.was.booked))
	}
	w.was.mu.Unlock()
	if done := p.page("/bookings?done=booked", "en"); !strings.Contains(done, "A-1") || !strings.Contains(done, "7 October 2021") {
		t.Errorf("confirmation: %s", done)
	}
	delete(p.cookies, "sunbeon_pass")
	for _, page := range []string{"/institutions?change=A-1", "/institutions/3?change=A-1", "/slots/5?change=A-1"} {
		if got := p.page(page, "en"); !strings.Contains(got, "A-1") {
			t.Errorf("%s leads nowhere without a pass: %s", page, got)
		}
	}
	move := p.page("/slots/5?change=A-1", "en")
	goes("change", "/bookings/A-1/change", url.Values{"slot_id": {"5"}, "key": {hidden(t, move, "key")}}.Encode(), "/bookings?done=changed")
	if sure := p.page("/bookings/A-1/cancel", "en"); !strings.Contains(sure, "Yes, cancel it") || !strings.Contains(sure, "7 October 2021") {
		t.Errorf("cancelling is not asked about: %s", sure)
	}
	goes("cancel", "/bookings/A-1/cancel", "key=k9", "/bookings?done=cancelled")
	if r, _ := w.was.last(); r.Method != http.MethodDelete || r.Header.Get("Idempotency-Key") != "k9" {
		t.Errorf("cancelled by %s %v", r.Method, r.Header)
	}
	w.was.mu.Lock()
	connections := map[string]bool{}
	for _, r := range w.was.requests {
		connections[r.RemoteAddr] = true
	}
	if len(connections) > 2 {
		t.Errorf("one person took %d connections to the booking server", len(connections))
	}
	w.was.mu.Unlock()
	goes("log out", "/logout", "", "/")
	if len(p.cookies) != 0 {
		t.Errorf("cookies left: %v", p.cookies)
	}
}

// Who cancelled, or whose institution took a time off, books again from the
// pages with nothing but their login.
func TestBookingAgainTakesNoNewTurn(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	w.define("a")
	p := w.citizen("one")
	w.was.set(func() { w.was.withdrawn = true })
	w.eventually("the booking is shown", func() bool { return strings.Contains(p.page("/bookings", "en"), "A-1") })
	if page := p.page("/bookings", "en"); !strings.Contains(page, "A time you booked is no longer there") || !strings.Contains(page, `href="/institutions?change=A-1"`) {
		t.Errorf("a withdrawn time is not told: %s", page)
	}
	if sure := p.page("/bookings/A-1/cancel", "en"); !strings.Contains(sure, "Your turn stays yours") {
		t.Errorf("before cancelling it is not told what becomes of the turn: %s", sure)
	}
	w.was.set(func() { w.was.none, w.was.rebook = true, "A-1" })
	if page := p.page("/bookings?done=cancelled", "en"); !strings.Contains(page, `href="/institutions?rebook=A-1"`) || !strings.Contains(page, "without a new turn") {
		t.Errorf("booking again is not offered: %s", page)
	}
	for path, next := range map[string]string{
		"/institutions?rebook=A-1":   `href="/institutions/3?rebook=A-1"`,
		"/institutions/3?rebook=A-1": `href="/slots/5?rebook=A-1"`,
		"/slots/5?rebook=A-1":        `action="/bookings/A-1/rebook"`,
	} {
		if page := p.page(path, "en"); !strings.Contains(page, next) {
			t.Errorf("%s does not lead to %s: %s", path, next, page)
		}
	}
	choice := url.Values{"slot_id": {"5"}, "key": {hidden(t, p.page("/slots/5?rebook=A-1", "en"), "key")}}.Encode()
	w.was.set(func() { w.was.taken = true })
	if _, page := p.submit("/bookings/A-1/rebook", choice); !strings.Contains(page, `href="/slots/77?rebook=A-1"`) {
		t.Errorf("a taken slot loses the way: %s", page)
	}
	w.was.set(func() { w.was.taken = false })
	if resp, body := p.submit("/bookings/A-1/rebook", choice); resp.Header.Get("Location") != "/bookings?done=booked" {
		t.Errorf("booked again: %d %s", resp.StatusCode, body)
	}
	if r, _ := w.was.last(); r.URL.Path != "/v1/bookings/A-1/rebook" {
		t.Errorf("asked for %s", r.URL.Path)
	}
}

// A refusal says why in the reader's language, and what can be done meanwhile.
func TestRefusalsSayWhyAndWhatStillWorks(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the gate knows the server", func() bool { status, _ := p.get("/v1/institutions", nil); return status == 200 })
	says := func(refusal *problem.Problem, language string, words ...string) {
		t.Helper()
		w.was.set(func() { w.was.refuses = refusal })
		p.header.Set("Accept-Language", language)
		_, page := p.submit("/book", "slot_id=5&key=k")
		for _, word := range words {
			if !strings.Contains(page, word) {
				t.Errorf("%s in %s does not say %q: %s", refusal.Code, language, word, page)
			}
		}
	}
	down := problem.New(503, "upstream_down", "").With("system", "stock").With("works", []string{"search", "look up"})
	says(down, "en", "the vaccine stock system", "What works meanwhile", `<a href="/bookings">Look up my booking</a>`)
	says(down, "ko", "백신 재고 시스템", "내 예약 조회")
	refused := func(reason string) *problem.Problem {
		return problem.New(403, "not_eligible", "in the register’s words").With("reason", reason).With("appeal", "call")
	}
	says(refused("already_vaccinated"), "en", "you have been vaccinated already", "Your turn is kept", `href="/line"`)
	says(refused("already_vaccinated"), "ko", "이미 접종하신", "보건소")
	says(refused("of_its_own"), "ko", "in the register’s words", "보건소")
}

// Whatever the API may refuse on a way that pages take has words in every
// language.
func TestEveryRefusalHasWords(t *testing.T) {
	told, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	words, err := os.ReadFile("pages/messages/ko.json") // held to the others by a test of its own
	if err != nil {
		t.Fatal(err)
	}
	// Shown otherwise, or met only by programs.
	other := []string{"slot_taken", "no_ticket", "not_eligible", "not_json", "body_too_large", "cross_origin", "method_not_allowed",
		"no_cohort", "no_segment", "no_checkpoint", "bad_checkpoint", "stale_checkpoint", "unknown_witness"}
	codes := map[string]bool{"internal": true}
	for _, list := range regexp.MustCompile(`Codes: [^"]*`).FindAllString(string(told), -1) {
		for _, code := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(list, -1) {
			codes[code[1]] = true
		}
	}
	for code := range codes {
		if slices.Contains(other, code) {
			continue
		}
		for _, id := range []string{"problem_" + code, "problem_" + code + "_what"} {
			if !strings.Contains(string(words), `"`+id+`"`) {
				t.Errorf("there are no words for %s", id)
			}
		}
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
	if !strings.Contains(got, "Hold on") || !strings.Contains(got, "Try again") || !strings.Contains(got, "again.js") {
		t.Errorf("without a booking server: %s", got)
	}
	p.header.Set("Accept", "text/html,*/*")
	if got := p.page("/nowhere", "en"); !strings.Contains(got, "Not found") {
		t.Errorf("nowhere: %s", got)
	}
}

func TestPagesAllowNoScriptAndNoFrame(t *testing.T) {
	w := newWorld(t)
	resp, body := w.anyone().do(http.MethodGet, "/", "", nil)
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(body, "<script") {
		t.Errorf("policy %q", policy)
	}
	style := regexp.MustCompile(`href="(/assets/style.css[^"]*)"`).FindStringSubmatch(body)[1]
	resp, _ = w.anyone().do(http.MethodGet, style, "", nil)
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/css") || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("style: %d %v", resp.StatusCode, resp.Header)
	}
	for _, path := range []string{"/assets/../pages.go", "/assets/", "/assets/%2e%2e%2fpages.go"} {
		if resp, body := w.anyone().do(http.MethodGet, path, "", nil); resp.StatusCode == http.StatusOK {
			t.Errorf("%s: %s", path, body)
		}
	}
}
