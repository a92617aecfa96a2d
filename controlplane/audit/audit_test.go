package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sunbeon/controlplane/audit"
)

func open(t *testing.T, dir string) *audit.Journal {
	t.Helper()
	j, err := audit.Open(dir, "commands")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func write(t *testing.T, dir string, from, to int) {
	t.Helper()
	j := open(t, dir)
	for i := from; i <= to; i++ {
		j.Append(uint64(i), fmt.Appendf(nil, `{"n":%d}`, i))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func only(t *testing.T, dir string) string {
	t.Helper()
	files, err := audit.Files(dir, "commands")
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	return files[0]
}

func TestJournalGoesOnWhereItEnded(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 1, 5)
	write(t, dir, 3, 9) // a log replayed from a snapshot tells 3 to 5 again
	v, err := audit.VerifyFiles([]string{only(t, dir)}, nil)
	if err != nil || v.Lines != 9 || v.Last != 9 {
		t.Fatalf("%+v, %v", v, err)
	}
	j := open(t, dir)
	defer j.Close()
	if last, chain := j.Head(); last != 9 || fmt.Sprintf("%x", chain) != v.Chain() {
		t.Errorf("head %d %x, want 9 %s", last, chain, v.Chain())
	}
	lines, err := j.Read(6, 2)
	if err != nil || len(lines) != 2 || lines[0].Index != 7 {
		t.Errorf("read %+v, %v", lines, err)
	}
}

func TestTornLineIsCutOffAndToldAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 1, 5)
	path := only(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range 40 {
		if err := os.WriteFile(path, whole[:len(whole)-1-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		write(t, dir, 4, 5)
		again, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(whole, again) {
			t.Fatalf("%d bytes cut off: %v\n%s", cut+1, err, again)
		}
	}
}

func TestEveryChangeOfTheRecordShows(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 1, 6)
	path := only(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	lines[5] = append(lines[5], '\n')
	f := func(name string, bad int, content ...[]byte) {
		t.Helper()
		if err := os.WriteFile(path, bytes.Join(content, nil), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := audit.VerifyFiles([]string{path}, nil)
		if !errors.Is(err, audit.ErrTampered) || !strings.Contains(err.Error(), fmt.Sprintf("line %d:", bad)) {
			t.Errorf("%s: %v, want line %d to be named", name, err, bad)
		}
	}
	changed := bytes.Replace(lines[2], []byte(`"n":3`), []byte(`"n":8`), 1)
	f("an entry changed", 3, lines[0], lines[1], changed, lines[3], lines[4], lines[5])
	f("the last entry changed", 6, lines[0], lines[1], lines[2], lines[3], lines[4], bytes.Replace(lines[5], []byte(`"n":6`), []byte(`"n":7`), 1))
	f("one left out", 2, lines[0], lines[2], lines[3], lines[4], lines[5])
	f("the first left out", 1, lines[1], lines[2])
	f("two swapped", 2, lines[0], lines[2], lines[1], lines[3])
	f("one twice", 3, lines[0], lines[1], lines[1], lines[2])
}

// No byte of a record can be another one.
func TestEveryFlippedBitShows(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 1, 4)
	path := only(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range len(whole) - 1 {
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << bit
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			line := 1 + bytes.Count(whole[:at], []byte("\n"))
			_, err := audit.VerifyFiles([]string{path}, nil)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d:", line)) {
				t.Fatalf("bit %d of byte %d: %v, want line %d to be named", bit, at, err, line)
			}
		}
	}
}

// Another chain that is whole in itself, or one that was cut short, shows by
// the heads that were published.
func TestHeadsConvictWhatIsWholeInItself(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	write(t, one, 1, 6)
	write(t, two, 2, 6)
	head := func(dir string) map[uint64]string {
		v, err := audit.VerifyFiles([]string{only(t, dir)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return map[uint64]string{v.Last: v.Chain()}
	}
	published := head(one)
	if _, err := audit.VerifyFiles([]string{only(t, one)}, published); err != nil {
		t.Error(err)
	}
	if _, err := audit.VerifyFiles([]string{only(t, two)}, published); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("another chain: %v", err)
	}
	first, err := os.ReadFile(only(t, one))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(only(t, two))
	if err != nil {
		t.Fatal(err)
	}
	lines := func(raw []byte) [][]byte { return bytes.SplitAfter(raw, []byte("\n")) }
	cut := bytes.Join(lines(first)[:4], nil)
	if err := os.WriteFile(only(t, one), cut, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.VerifyFiles([]string{only(t, one)}, published); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("cut short: %v", err)
	}
	spliced := append(cut, bytes.Join(lines(second)[3:], nil)...)
	if err := os.WriteFile(only(t, one), spliced, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.VerifyFiles([]string{only(t, one)}, nil); !errors.Is(err, audit.ErrTampered) || !strings.Contains(err.Error(), "line 5:") {
		t.Errorf("two chains spliced: %v", err)
	}
}

func TestGapIsCountedNotHidden(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	j.Append(1, []byte(`{}`))
	j.Gap(50, audit.Hash{1, 2, 3})
	j.Gap(40, audit.Hash{9}) // an older snapshot than what is held
	j.Append(51, []byte(`{}`))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := audit.VerifyFiles([]string{only(t, dir)}, nil)
	if err != nil || v.Gaps != 1 || v.Lines != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestFullDiskIsTold(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	j.Append(1, []byte(`{}`))
	if err := j.Sync(); err == nil {
		t.Error("a journal that could not be begun says it is synced")
	}
	if _, err := audit.Open(filepath.Join("/dev/null", "x"), "commands"); err == nil {
		t.Error("a journal opens where none can be")
	}
}
