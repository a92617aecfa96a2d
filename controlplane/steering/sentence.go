package steering

import "fmt"

// Sentence is one statement for people, in both languages.
type Sentence struct {
	Ko string `json:"ko"`
	En string `json:"en"`
}

// sentence formats both languages with the same arguments, in the same order.
func sentence(ko, en string, args ...any) Sentence {
	return Sentence{Ko: fmt.Sprintf(ko, args...), En: fmt.Sprintf(en, args...)}
}

// In returns the text in language lang; anything but "ko" is English.
func (s Sentence) In(lang string) string {
	if lang == "ko" {
		return s.Ko
	}
	return s.En
}
