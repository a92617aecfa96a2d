package runbooks

import (
	"strings"
)

// Types of fenced blocks.
const (
	// Command blocks hold command lines of sunbeon, one a line.
	Command = "sunbeon"
	// Query blocks hold one PromQL expression a line.
	Query = "promql"
)

// Step is one line of a fenced block.
type Step struct {
	// Section is the heading it stands under.
	Section string
	// Kind is the type of its block: [Command] or [Query].
	Kind string
	Line string
}

// Steps are the page's steps in their order. Blocks of other types are for
// people only.
func (p Page) Steps() []Step {
	var steps []Step
	section, kind, inside := "", "", false
	for line := range strings.Lines(p.Text) {
		line = strings.TrimSpace(line)
		switch fence, isFence := strings.CutPrefix(line, "```"); {
		case isFence && inside:
			kind, inside = "", false
		case isFence:
			kind, inside = fence, true
		case inside && line != "" && (kind == Command || kind == Query):
			steps = append(steps, Step{Section: section, Kind: kind, Line: line})
		case !inside && strings.HasPrefix(line, "## "):
			section = strings.TrimPrefix(line, "## ")
		}
	}
	return steps
}

// Words cuts a command line into its arguments, without the leading sunbeon. A
// quoted argument may hold spaces.
func (s Step) Words() []string {
	var words []string
	word, quoted, begun := strings.Builder{}, false, false
	for _, c := range s.Line {
		switch {
		case c == '"':
			quoted, begun = !quoted, true
		case c == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) > 0 && words[0] == "sunbeon" {
		words = words[1:]
	}
	return words
}

// Blanks are the words that stand for what only the moment knows.
var Blanks = []string{"COHORT", "RATE", "REPLICAS"}

// Fill puts values in the place of blanks.
func (s Step) Fill(values map[string]string) Step {
	for _, blank := range Blanks {
		if value, ok := values[blank]; ok {
			s.Line = strings.ReplaceAll(s.Line, blank, value)
		}
	}
	return s
}
