package runbooks_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/internal/cli"
	"sunbeon/runbooks"
)

func pages(t *testing.T) []runbooks.Page {
	t.Helper()
	var all []runbooks.Page
	for _, name := range runbooks.Names() {
		page, err := runbooks.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page)
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages", len(all))
	}
	return all
}

func TestOpenTellsWhatIsMissing(t *testing.T) {
	if _, err := runbooks.Open("NoSuchAlert"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want it to say that there is none", err)
	}
}

func TestSteps(t *testing.T) {
	page := runbooks.Page{Text: "# A\n\n## Confirm\n\n```promql\nup == 0\n```\n```sh\nls\n```\n## Do\n```sunbeon\nsunbeon ctl hold COHORT --reason \"it is  late\"\n\nsunbeon ctl status\n```\n"}
	want := []runbooks.Step{
		{Section: "Confirm", Kind: runbooks.Query, Line: "up == 0"},
		{Section: "Do", Kind: runbooks.Command, Line: `sunbeon ctl hold COHORT --reason "it is  late"`},
		{Section: "Do", Kind: runbooks.Command, Line: "sunbeon ctl status"},
	}
	steps := page.Steps()
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Fatal(diff)
	}
	words := steps[1].Fill(map[string]string{"COHORT": "tonight"}).Words()
	if diff := cmp.Diff([]string{"ctl", "hold", "tonight", "--reason", "it is  late"}, words); diff != "" {
		t.Error(diff)
	}
}

// TestEveryPageIsWhole holds the pages to one form, so that whoever is woken by
// one finds the way in any other.
func TestEveryPageIsWhole(t *testing.T) {
	for _, page := range pages(t) {
		if page.Name == "README" {
			continue
		}
		if page.Title != page.Name {
			t.Errorf("%s is headed %q", page.Name, page.Title)
		}
		var headings []string
		for line := range strings.Lines(page.Text) {
			if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
				headings = append(headings, heading)
			}
		}
		want := []string{"What it means", "Confirm", "Do", "Over when", "Do not"}
		if diff := cmp.Diff(want, headings); diff != "" {
			t.Errorf("%s: %s", page.Name, diff)
		}
		sections := map[string]bool{}
		for _, step := range page.Steps() {
			sections[step.Section] = true
		}
		if !sections["Confirm"] || !sections["Over when"] {
			t.Errorf("%s: steps only under %v; it must be possible to confirm and to see the end", page.Name, sections)
		}
		if strings.Count(page.Text, "```")%2 != 0 {
			t.Errorf("%s: a fenced block is left open", page.Name)
		}
	}
}

var link = regexp.MustCompile(`\]\(([A-Za-z]+)\.md(#[a-z-]+)?\)`)

func TestLinksLeadToPages(t *testing.T) {
	names := runbooks.Names()
	for _, page := range pages(t) {
		linked := map[string]bool{"README": true}
		for _, match := range link.FindAllStringSubmatch(page.Text, -1) {
			linked[match[1]] = true
			if !slices.Contains(names, match[1]) {
				t.Errorf("%s links to %s, which is not there", page.Name, match[1])
			}
		}
		if page.Name == "README" {
			for _, name := range names {
				if !linked[name] {
					t.Errorf("the index does not list %s", name)
				}
			}
		}
	}
}

// TestEveryCommandIsOne runs every command line against a control plane that
// is not there. The command line must be understood, flags included (else the
// exit status is 2), and must then find nobody, which is 3.
func TestEveryCommandIsOne(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("nobody"), 0o600); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"COHORT": "tonight", "RATE": "40", "REPLICAS": "4"}
	capitals := regexp.MustCompile(`\b[A-Z]{3,}\b`)
	for _, page := range pages(t) {
		for _, step := range page.Steps() {
			if step.Kind != runbooks.Command {
				continue
			}
			filled := step.Fill(values)
			if !strings.HasPrefix(filled.Line, "sunbeon ") || capitals.MatchString(filled.Line) {
				t.Errorf("%s: %q is not a command that can be filled in", page.Name, step.Line)
				continue
			}
			words := append(filled.Words(), "--address", "http://127.0.0.1:1", "--token-file", token, "--timeout", "20ms")
			var out, errs bytes.Buffer
			if status := cli.Main(words, &out, &errs); status != 3 {
				t.Errorf("%s: %q: exit status %d, want it understood and nobody found\n%s%s", page.Name, step.Line, status, out.String(), errs.String())
			}
		}
	}
}
