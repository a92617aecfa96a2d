package twin

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"sort"
	"strings"
)

//go:embed scenarios/*.yaml
var library embed.FS

// Library returns the names of the shipped scenarios, sorted.
func Library() []string {
	entries, err := library.ReadDir("scenarios")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	sort.Strings(names)
	return names
}

// Shipped reads a scenario of the library by name.
func Shipped(name string) (*Scenario, error) {
	b, err := library.ReadFile("scenarios/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no shipped scenario %q; there are %s", name, strings.Join(Library(), ", "))
	}
	return Read(bytes.NewReader(b))
}
