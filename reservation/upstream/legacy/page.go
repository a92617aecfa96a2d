package legacy

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"sunbeon/internal/problem"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// mountPages adds the description for programs and the page for people.
func (s *Simulator) mountPages(mux *http.ServeMux, wrap Wrap) {
	description, err := json.Marshal(describe(s.routes()))
	mux.Handle("GET /openapi.json", wrap("GET /openapi.json", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			problem.Write(w, http.StatusInternalServerError, "internal", err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(description)
	})))
	mux.Handle("GET /authorize", wrap("GET /authorize", http.HandlerFunc(s.authorize)))
	mux.Handle("POST /authorize", wrap("POST /authorize", http.HandlerFunc(s.approve)))
	mux.Handle("GET /{$}", wrap("GET /", http.HandlerFunc(s.home)))
}

func (s *Simulator) home(w http.ResponseWriter, _ *http.Request) {
	var html strings.Builder
	err := page.Execute(&html, struct {
		States    []State
		Providers []string
		Issuer    string
	}{s.States(), Providers, s.issuer.url})
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, "internal", err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Write([]byte(html.String()))
}
