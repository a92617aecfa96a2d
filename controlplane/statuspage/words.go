package statuspage

import (
	"embed"
	"fmt"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed locales/*.json
var locales embed.FS

// languages the page is written in; the first is for those who ask for none.
var languages = []language.Tag{language.Korean, language.English}

// words looks up what the page says.
type words struct{ bundle *i18n.Bundle }

func loadWords() (words, error) {
	bundle := i18n.NewBundle(languages[0])
	for _, tag := range languages {
		if _, err := bundle.LoadMessageFileFS(locales, "locales/"+tag.String()+".json"); err != nil {
			return words{}, fmt.Errorf("load words of the status page: %w", err)
		}
	}
	return words{bundle}, nil
}

// in returns the function that looks up one language's words by id; pairs of
// name and value fill the placeholders.
func (w words) in(lang string) func(id string, pairs ...any) (string, error) {
	localizer := i18n.NewLocalizer(w.bundle, lang)
	return func(id string, pairs ...any) (string, error) {
		data := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			data[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
		return localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
	}
}

// choose is the language for a reader: the one asked for by name, else the
// browser's first that we have, else the first.
func choose(asked, acceptLanguage string) string {
	matcher := language.NewMatcher(languages)
	if asked != "" {
		acceptLanguage = asked
	}
	tags, _, err := language.ParseAcceptLanguage(strings.TrimSpace(acceptLanguage))
	if err != nil || len(tags) == 0 {
		return languages[0].String()
	}
	_, index, _ := matcher.Match(tags...)
	return languages[index].String()
}
