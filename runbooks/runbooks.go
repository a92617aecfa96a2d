// Package runbooks holds the pages that say what to do: one for each alert,
// under the alert's name, and README.md for whoever commands an incident.
//
// A page is Markdown for people. Its fenced blocks of type sunbeon are steps,
// one command a line, which a machine can run as well: see [Page.Steps]. Words
// in capitals stand for what only the moment knows; see [Step.Fill].
package runbooks

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// Files holds the pages at its root.
//
//go:embed *.md
var Files embed.FS

// Page is one runbook.
type Page struct {
	// Name is the alert's, or README.
	Name string
	// Title is the page's heading.
	Title string
	// Text is the whole page in Markdown.
	Text string
}

// Open returns the page of that name. The error wraps [fs.ErrNotExist] where
// there is none.
func Open(name string) (Page, error) {
	text, err := fs.ReadFile(Files, name+".md")
	if err != nil {
		return Page{}, fmt.Errorf("runbook %s: %w", name, err)
	}
	page := Page{Name: name, Text: string(text)}
	heading, _, _ := strings.Cut(page.Text, "\n")
	page.Title = strings.TrimPrefix(heading, "# ")
	return page, nil
}

// Names lists all pages, in order.
func Names() []string {
	files, err := fs.Glob(Files, "*.md")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(file, ".md")
	}
	return names
}
