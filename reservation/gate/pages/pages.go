// Package pages renders what citizens see in a browser: plain HTML in Korean
// and English that works without JavaScript, by forms and links. It knows how
// things look and read; what they mean is decided by the gate.
package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed messages/*.json
var messages embed.FS

// Renderer renders pages in every language there is a catalogue for.
type Renderer struct {
	// byLanguage has each page's template with its words in one language.
	byLanguage map[string]map[string]*template.Template
}

// New parses the embedded templates and catalogues.
func New() (*Renderer, error) {
	bundle := i18n.NewBundle(language.Korean)
	for _, name := range Languages {
		if _, err := bundle.LoadMessageFileFS(messages, "messages/"+name+".json"); err != nil {
			return nil, fmt.Errorf("load messages: %w", err)
		}
	}
	files, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	r := &Renderer{byLanguage: map[string]map[string]*template.Template{}}
	for _, name := range Languages {
		words := i18n.NewLocalizer(bundle, name)
		r.byLanguage[name] = map[string]*template.Template{}
		for _, file := range files {
			page := strings.TrimSuffix(path.Base(file), ".html")
			parsed, err := template.New("layout.html").Funcs(functions(name, words)).
				ParseFS(templates, "templates/layout.html", "templates/doses.html", file)
			if err != nil {
				return nil, fmt.Errorf("parse page: %w", err)
			}
			r.byLanguage[name][page] = parsed
		}
	}
	return r, nil
}

// functions are what templates can call.
func functions(lang string, words *i18n.Localizer) template.FuncMap {
	say := func(id string, pairs ...any) (string, error) {
		data := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			data[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
		return words.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
	}
	return template.FuncMap{
		"say": say,
		// known says id, or other where the catalogue has no such message.
		"known": func(id, other string) string {
			if text, err := say(id); err == nil {
				return text
			}
			return other
		},
		"lang":   func() string { return lang },
		"clock":  func(ms int64) string { return time.UnixMilli(ms).In(korea).Format("15:04") },
		"moment": func(ms int64) string { return moment(lang, ms) },
		"date":   func(written string) string { return date(lang, written) },
		"day":    func(written string) string { return day(lang, written) },
		"count":  grouped,
		"sign":   func(phase string) string { return signs[phase] },
		"asset":  assetAddress,
	}
}

// Frame is what every page has around its own content.
type Frame struct {
	// Language is one of [Languages]; Here is the page's own address, which
	// the link to the other language leads to.
	Language string
	Here     *url.URL
	// Person is the name of who is logged in, and shows the ways that need an
	// identity; empty for nobody.
	Person string
	// Step is where on the way the page is.
	Step Step
	// Script is one of the scripts, or none. Every page works without.
	Script string
	// Limit is until when people may choose; zero where there is no limit.
	Limit Limit
	// Page is the content: the type that the named template expects.
	Page any
}

// In is this page's address in another language.
func (f Frame) In(language string) string {
	query := url.Values{}
	path := "/"
	if f.Here != nil {
		query, path = f.Here.Query(), f.Here.Path
	}
	query.Set("lang", language)
	return path + "?" + query.Encode()
}

// security keeps the pages to themselves: no script, no frame, no form that
// posts elsewhere.
const security = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// scripted is security for a page with a script of ours.
const scripted = security + "; script-src 'self'; connect-src 'self'"

// Render writes the page named name. Nothing is written before the whole page
// is rendered, so that an error can still become an error page.
func (r *Renderer) Render(w http.ResponseWriter, status int, name string, frame Frame) error {
	page, ok := r.byLanguage[frame.Language][name]
	if !ok {
		return fmt.Errorf("render page: there is no %q in %q", name, frame.Language)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, frame); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", frame.Language)
	h.Set("Content-Security-Policy", security)
	if frame.Script != "" {
		h.Set("Content-Security-Policy", scripted)
	}
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, err := w.Write(out.Bytes())
	return err
}
