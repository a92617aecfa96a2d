package pages

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"
)

// Languages there are pages in. The first is for those who state none.
var Languages = []string{"ko", "en"}

// foreign is for readers of languages there are no pages in.
const foreign = "en"

var matcher = language.NewMatcher([]language.Tag{language.Korean, language.English})

// languageCookie remembers a choice made by link.
const languageCookie = "sunbeon_lang"

// LanguageOf is the language to answer a request in: the one chosen by
// ?lang=, the one chosen before, or what the browser prefers. A new choice is
// remembered.
func LanguageOf(w http.ResponseWriter, r *http.Request) string {
	if chosen := r.URL.Query().Get("lang"); slices.Contains(Languages, chosen) {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: chosen, Path: "/", MaxAge: 30 * 24 * 60 * 60,
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		return chosen
	}
	if cookie, err := r.Cookie(languageCookie); err == nil && slices.Contains(Languages, cookie.Value) {
		return cookie.Value
	}
	preferred, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(preferred) == 0 {
		return Languages[0]
	}
	_, index, confidence := matcher.Match(preferred...)
	if confidence == language.No {
		return foreign
	}
	return Languages[index]
}
