package statuspage

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"time"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/plan"
)

//go:embed page
var files embed.FS

const (
	// keepFor is how long one rendering is given to everybody: what a page
	// costs does not grow with how many look at it.
	keepFor = time.Second
)

// korea is the zone the page tells times in, wherever the node stands.
var korea = time.FixedZone("KST", 9*60*60)

// Source is a node's copy of the plan.
type Source interface {
	Plan() (p *plan.Plan, index uint64)
	// LeaderContact is how long ago the node heard from the leader.
	LeaderContact() time.Duration
}

// Page serves the status page of one node.
type Page struct {
	source Source
	now    func() time.Time
	words  words
	html   *template.Template
	css    []byte
	script []byte

	mu   sync.Mutex
	kept map[string]rendering
}

type rendering struct {
	at   time.Time
	body []byte
}

// New loads the page's words and form. A nil now is the wall clock.
func New(source Source, now func() time.Time) (*Page, error) {
	if now == nil {
		now = time.Now
	}
	w, err := loadWords()
	if err != nil {
		return nil, err
	}
	css, err := files.ReadFile("page/status.css")
	if err != nil {
		return nil, fmt.Errorf("load status page: %w", err)
	}
	script, err := files.ReadFile("page/status.js")
	if err != nil {
		return nil, fmt.Errorf("load status page: %w", err)
	}
	p := &Page{source: source, now: now, words: w, css: css, script: script, kept: map[string]rendering{}}
	p.html, err = template.New("status.html").Funcs(p.vocabulary(languages[0].String())).ParseFS(files, "page/status.html")
	if err != nil {
		return nil, fmt.Errorf("load status page: %w", err)
	}
	return p, nil
}

// Mount adds the page to the mux of a public listener, open to everyone.
func (p *Page) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", p.serveHTML)
	mux.HandleFunc("GET /status.json", p.serveJSON)
	mux.HandleFunc("GET /status.css", asset("text/css; charset=utf-8", p.css))
	mux.HandleFunc("GET /status.js", asset("text/javascript; charset=utf-8", p.script))
}

func asset(kind string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Write(data)
	}
}

func (p *Page) report() Report {
	current, _ := p.source.Plan()
	return Make(current, p.source.LeaderContact(), p.now())
}

func (p *Page) serveHTML(w http.ResponseWriter, r *http.Request) {
	lang := choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	body, err := p.once(lang, func() ([]byte, error) { return p.render(p.report(), lang) })
	if err != nil {
		http.Error(w, "the status page cannot be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	cacheable(h)
	w.Write(body)
}

func (p *Page) serveJSON(w http.ResponseWriter, _ *http.Request) {
	body, err := p.once("json", func() ([]byte, error) { return p.encode() })
	if err != nil {
		http.Error(w, "the status cannot be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Access-Control-Allow-Origin", "*")
	cacheable(h)
	w.Write(body)
}

func (p *Page) encode() ([]byte, error) {
	body, err := json.Marshal(p.report())
	return append(body, '\n'), err
}

func cacheable(h http.Header) { h.Set("Cache-Control", "public, max-age=2") }

// once renders at most once per keepFor.
func (p *Page) once(name string, render func() ([]byte, error)) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if k, ok := p.kept[name]; ok && now.Sub(k.at) < keepFor && !now.Before(k.at) {
		return k.body, nil
	}
	body, err := render()
	if err != nil {
		return nil, err
	}
	p.kept[name] = rendering{now, body}
	return body, nil
}

// render writes the page for one report; the same report makes the same bytes.
func (p *Page) render(r Report, lang string) ([]byte, error) {
	html, err := p.html.Clone()
	if err != nil {
		return nil, err
	}
	age := time.Duration(r.AgeMS) * time.Millisecond
	var body bytes.Buffer
	err = html.Funcs(p.vocabulary(lang)).Execute(&body, map[string]any{
		"Report": r, "Lang": lang, "Other": other(lang),
		"AsOf": time.UnixMilli(r.AtMS).Add(-min(age, 1000*time.Hour)).In(korea).Format("2006-01-02 15:04:05 KST"),
		"Age":  figures.Age(age),
	})
	return body.Bytes(), err
}

// other is the language the page offers instead.
func other(lang string) string {
	for _, tag := range languages {
		if tag.String() != lang {
			return tag.String()
		}
	}
	return lang
}

// vocabulary is what the template calls in one language.
func (p *Page) vocabulary(lang string) template.FuncMap {
	t := p.words.in(lang)
	return template.FuncMap{
		"t":      t,
		"count":  func(n *int64) string { return figures.Count(*n) },
		"clock":  func(ms int64) string { return time.UnixMilli(ms).In(korea).Format("15:04") },
		"moment": func(ms int64) string { return time.UnixMilli(ms).In(korea).Format("2006-01-02 15:04") },
		"people": func(n *int64) (string, error) {
			if n == nil {
				return t("under_ten")
			}
			return t("people", "Count", figures.Count(*n))
		},
		"name": func(names map[string]string, id string) string {
			if name := names[lang]; name != "" {
				return name
			}
			return id
		},
		"sign": sign,
	}
}

// sign is a shape for each light, so that colour is never alone.
func sign(light any) string {
	switch fmt.Sprint(light) {
	case "normal", "open":
		return "●"
	case "slow":
		return "▲"
	case "lobby", "sealed":
		return "◔"
	case "paused":
		return "❚❚"
	case "down":
		return "✕"
	case "scheduled":
		return "○"
	case "closed":
		return "■"
	}
	return "?"
}
