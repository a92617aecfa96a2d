package twin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// mostBytes of a scenario file.
const mostBytes = 1 << 20

// Read parses a scenario, fills in defaults and checks it. Unknown fields are
// errors, because a misspelt fault would silently not happen. Every error names
// the line, as far as there is one.
func Read(r io.Reader) (*Scenario, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	if len(text) > mostBytes {
		return nil, fmt.Errorf("read scenario: more than %d bytes", mostBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var s Scenario
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("parse scenario: %w", plain(err))
	}
	var more yaml.Node
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("parse scenario: line %d: a second document; a file holds one evening", more.Line)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("parse scenario: %w", err)
	}
	s.fill()
	if err := s.check(&root); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return &s, nil
}

var (
	unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)
	wrongType    = regexp.MustCompile("cannot unmarshal !!(\\w+) (?:(`.*`) )?into (\\S+)")
)

// plain says what the parser found in words that need no Go.
func plain(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var all []error
	for _, e := range wrong.Errors {
		e = unknownField.ReplaceAllString(e, "there is no field $1 here")
		e = wrongType.ReplaceAllStringFunc(e, func(found string) string {
			m := wrongType.FindStringSubmatch(found)
			got := cmp.Or(m[2], map[string]string{"seq": "a list", "map": "a mapping"}[m[1]], "this")
			switch m[3] {
			case "float64", "int":
				return got + " is no number"
			case "bool":
				return got + " is neither true nor false"
			case "string":
				return got + " is no text"
			}
			return got + " is not of the form that SCENARIOS.md shows"
		})
		all = append(all, errors.New(e))
	}
	return errors.Join(all...)
}

// Duration reads "90s" or "1h30m" and is seconds in use.
type Duration float64

// UnmarshalYAML parses Go's duration syntax.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	var text string
	if err := node.Decode(&text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("line %d: %q is no duration such as 90s or 1h30m", node.Line, text)
	}
	*d = Duration(parsed.Seconds())
	return nil
}

func (d Duration) milliseconds() int64 { return int64(float64(d)*1000 + 0.5) }

// String writes it as it is read.
func (d Duration) String() string {
	return time.Duration(float64(d) * float64(time.Second)).String()
}
