package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sunbeon/controlplane/audit"
)

// Programs have to tell a broken record from one that could not be read, and
// find where it broke.
func TestABrokenRecordHasACodeAndAPlace(t *testing.T) {
	dir := t.TempDir()
	journal, err := audit.Open(dir, "commands")
	if err != nil {
		t.Fatal(err)
	}
	for index := range uint64(5) {
		journal.Append(index+1, []byte(`{"command":{"reason":"as it was"}}`))
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "commands-*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	lines, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(lines, []byte(`"index":3`))
	copy(lines[at+bytes.Index(lines[at:], []byte("as it was")):], "otherwise")
	if err := os.WriteFile(files[0], lines, 0o600); err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	if status := Main([]string{"ctl", "audit", "verify", "--dir", dir, "--json"}, &strings.Builder{}, &errs); status != exitFailed {
		t.Errorf("status %d", status)
	}
	var got struct {
		Error struct {
			Code, File string
			Line       int
			Index      uint64
		}
	}
	if err := json.Unmarshal([]byte(errs.String()), &got); err != nil {
		t.Fatal(err)
	}
	if e := got.Error; e.Code != "chain_broken" || e.File != files[0] || e.Line != 3 || e.Index != 3 {
		t.Errorf("%s", errs.String())
	}
}
