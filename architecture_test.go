package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed lists what each package of the project may import of it; a package
// that is not listed may import nothing. "x/..." stands for x and all below
// it, on either side. internal/cli and main wire, so they are not listed. ARCHITECTURE.md says
// why.
var allowed = map[string][]string{
	"controlplane/plan":      {"internal/drand", "internal/serving"},
	"controlplane/steering":  {},
	"controlplane/twin":      {"controlplane/steering"},
	"controlplane/consensus": {"controlplane/plan", "internal/..."},
	"controlplane/leader":    {"controlplane/plan"},
	"controlplane/loop":      {"controlplane/plan", "controlplane/steering", "controlplane/telemetry"},
	"controlplane/telemetry": {"internal/..."},
	"controlplane/actuator":  {"controlplane/plan"},
	"controlplane/agent":     {"controlplane/plan", "internal/..."},
	"controlplane/figures":   {},
	"controlplane/standing":  {"controlplane/plan"},

	"controlplane/audit":         {},
	"controlplane/opsapi":        {"controlplane/audit", "controlplane/opsapi/stream", "controlplane/plan", "controlplane/consensus", "controlplane/standing", "controlplane/figures", "internal/..."},
	"controlplane/opsapi/client": {"controlplane/opsapi/stream", "controlplane/plan", "internal/..."},
	"controlplane/opsapi/stream": {"controlplane/plan"},
	"controlplane/statuspage":    {"controlplane/plan", "controlplane/standing", "controlplane/figures", "internal/..."},

	"reservation/waitingroom":          {"internal/drand", "internal/serving", "reservation/waitingroom/tree"},
	"reservation/waitingroom/tree":     {},
	"reservation/waitingroom/record":   {"reservation/waitingroom/tree"},
	"reservation/waitingroom/fairness": {"internal/problem", "reservation/waitingroom", "reservation/waitingroom/record", "reservation/waitingroom/tree"},
	"reservation/credential":           {"internal/..."},

	"reservation/waitingroom/fairness/fairnesstest": {"internal/serving", "reservation/waitingroom", "reservation/waitingroom/fairness", "reservation/waitingroom/record"},
	"reservation/booking":                           {},
	"reservation/ledger":                            {"reservation/booking"},
	"reservation/ledger/sqlite":                     {"reservation/booking", "reservation/ledger"},
	"reservation/ledger/postgres":                   {"reservation/booking", "reservation/ledger"},
	"reservation/ledger/dial":                       {"reservation/ledger", "reservation/ledger/sqlite", "reservation/ledger/postgres"},
	"reservation/ledger/ledgertest":                 {"reservation/booking", "reservation/ledger", "reservation/ledger/postgres/pgserver"},
	"reservation/ledger/sheet":                      {"reservation/booking", "reservation/ledger"},
	"reservation/ledger/bench":                      {"reservation/booking", "reservation/ledger", "reservation/ledger/dial", "reservation/ledger/postgres/pgserver"},
	"reservation/outbox":                            {"reservation/booking", "reservation/ledger", "reservation/upstream"},
	"reservation/upstream":                          {"internal/..."},
	"reservation/upstream/legacy":                   {"internal/..."},

	// The gate and the WAS meet the control plane only in the client of the
	// ops API, and in the plan whose values it carries.
	"reservation/gate":          {"controlplane/opsapi/client", "controlplane/plan", "internal/...", "reservation/credential", "reservation/gate/...", "reservation/waitingroom/..."},
	"reservation/bench":         {"controlplane/opsapi/client", "controlplane/plan", "internal/...", "reservation/credential", "reservation/gate", "reservation/gate/waspool", "reservation/waitingroom/..."},
	"reservation/gate/identity": {"internal/...", "reservation/credential"},
	"reservation/gate/pages":    {},
	"reservation/gate/waspool":  {"internal/direct", "internal/neighbour"},
	"reservation/was":           {"controlplane/opsapi/client", "controlplane/plan", "internal/...", "reservation/booking", "reservation/credential", "reservation/ledger", "reservation/upstream", "reservation/was/..."},
	"reservation/was/loadgate":  {},

	"reservation/rush":            {"internal/direct", "internal/problem", "reservation/booking", "reservation/ledger", "reservation/rush/...", "reservation/waitingroom"},
	"reservation/rush/audit":      {"internal/serving", "reservation/booking", "reservation/ledger", "reservation/rush/journal", "reservation/waitingroom", "reservation/waitingroom/record"},
	"reservation/rush/journal":    {},
	"reservation/rush/population": {},

	// The faces speak to the control plane by its API and show its values.
	"tui/...":    {"tui/...", "controlplane/figures", "controlplane/opsapi", "controlplane/opsapi/client", "controlplane/plan", "controlplane/standing", "controlplane/steering", "internal/..."},
	"alerts":     {},
	"dashboards": {},
	"runbooks":   {},

	// Benchmarks run the parts of their half as they are.
	"controlplane/bench": {"controlplane/...", "internal/..."},

	"internal/serving":       {},
	"internal/drand":         {},
	"internal/problem":       {},
	"internal/pki":           {"internal/problem"},
	"internal/observability": {},
	"internal/direct":        {},
	"internal/neighbour":     {},
	"internal/httpserver":    {"internal/observability", "internal/pki"},
	"internal/supervise":     {},
	"internal/evening/bench": {"reservation/rush/journal"},
	"internal/evening":       {"controlplane/opsapi/client", "controlplane/plan", "internal/...", "reservation/ledger/...", "reservation/rush", "reservation/upstream/legacy"},
	// A scenario of the simulation as the real processes play it.
	"internal/evening/staging": {"controlplane/steering", "controlplane/twin", "reservation/rush", "reservation/upstream/legacy"},
}

// wiring may import anything.
var wiring = []string{".", "internal/cli"}

// pure packages take time and randomness as arguments and do no I/O.
var pure = []string{
	"controlplane/plan", "controlplane/steering", "reservation/booking",
	"reservation/waitingroom", "reservation/waitingroom/tree", "internal/serving", "internal/drand",
}

// impure is what a pure package must not import, or call.
var (
	impureImports = []string{"net", "net/http", "os", "os/exec", "database/sql", "crypto/rand", "math/rand", "syscall", "io/ioutil", "log", "log/slog"}
	impureCalls   = []string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.NewTimer", "time.NewTicker", "time.Tick", "rand.Int", "rand.IntN", "rand.N", "rand.Float64", "rand.Shuffle", "rand.Perm", "rand.Uint64"}
)

// sources parses every file that is not a test, by folder.
func sources(t *testing.T) map[string][]*ast.File {
	t.Helper()
	files := map[string][]*ast.File{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		files[folder] = append(files[folder], file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d packages found: is this the root of the project?", len(files))
	}
	return files
}

func imports(file *ast.File) []string {
	var paths []string
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

func permitted(rules []string, imported string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		if tree, ok := strings.CutSuffix(rule, "/..."); ok {
			return imported == tree || strings.HasPrefix(imported, tree+"/")
		}
		return rule == imported
	})
}

// rulesOf is the line of the list for a package: its own, or that of a tree it
// is in.
func rulesOf(folder string) []string {
	if rules, ok := allowed[folder]; ok {
		return rules
	}
	for tree := folder; tree != "."; tree = path.Dir(tree) {
		if rules, ok := allowed[tree+"/..."]; ok {
			return rules
		}
	}
	return nil
}

func TestDependenciesPointInward(t *testing.T) {
	files := sources(t)
	for _, folder := range slices.Sorted(maps.Keys(files)) {
		if slices.Contains(wiring, folder) {
			continue
		}
		for _, file := range files[folder] {
			for _, imported := range imports(file) {
				own, ok := strings.CutPrefix(imported, "sunbeon/")
				if ok && !permitted(rulesOf(folder), own) {
					t.Errorf("%s imports %s, which ARCHITECTURE.md does not allow", folder, own)
				}
			}
		}
	}
}

func TestPurePackagesHaveNoClockChanceOrIO(t *testing.T) {
	files := sources(t)
	for _, folder := range pure {
		if len(files[folder]) == 0 {
			t.Errorf("%s has no source", folder)
		}
		for _, file := range files[folder] {
			for _, imported := range imports(file) {
				if slices.Contains(impureImports, imported) {
					t.Errorf("%s imports %s", folder, imported)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if ident, ok := selector.X.(*ast.Ident); ok && slices.Contains(impureCalls, ident.Name+"."+selector.Sel.Name) {
					t.Errorf("%s uses %s.%s", folder, ident.Name, selector.Sel.Name)
				}
				return true
			})
		}
	}
}

func TestTopLevelFoldersAreTheDesigns(t *testing.T) {
	names := []string{"controlplane", "reservation", "tui", "dashboards", "alerts", "runbooks", "internal"}
	found, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	files := sources(t)
	for _, name := range found {
		holds := slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(folder string) bool {
			return folder == name || strings.HasPrefix(folder, name+"/")
		})
		if holds && !slices.Contains(names, path.Base(name)) {
			t.Errorf("%s is a package outside the project's folders", name)
		}
	}
}
