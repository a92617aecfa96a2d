package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a node lets go is packed first and archived; what it keeps is verified
// from its anchor on, read and gone on with as if nothing had happened.
func TestOldFilesGoAndTheRestIsVerified(t *testing.T) {
	dir, archive := t.TempDir(), t.TempDir()
	j, err := Open(dir, "commands")
	if err != nil {
		t.Fatal(err)
	}
	j.rotate = 2_000
	for i := range 200 {
		j.Append(uint64(i+1), fmt.Appendf(nil, `{"n":%d}`, i))
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	whole, err := Files(dir, "commands")
	if err != nil || len(whole) < 8 {
		t.Fatalf("%d files, %v", len(whole), err)
	}
	last, chain := j.Head()
	verify := func(trimmed bool) *Verifier {
		t.Helper()
		files, err := Files(dir, "commands")
		if err != nil {
			t.Fatal(err)
		}
		v, err := VerifyFiles(files, map[uint64]string{last: fmt.Sprintf("%x", chain)})
		if err != nil || v.Trimmed != trimmed {
			t.Fatalf("%+v, %v", v, err)
		}
		return v
	}
	if v := verify(false); v.Lines != 200 {
		t.Errorf("%d lines", v.Lines)
	}
	if err := (Retention{}).keep(dir, "commands"); err != nil {
		t.Fatal(err)
	}
	if v := verify(false); v.Lines != 200 {
		t.Errorf("packed: %d lines", v.Lines)
	}
	if lines, err := j.Read(10, 5); err != nil || len(lines) != 5 || lines[0].Index != 11 {
		t.Errorf("read from a packed file: %+v, %v", lines, err)
	}
	keep := Retention{Bytes: 3_000, Archive: archive}
	if err := keep.keep(dir, "commands"); err != nil {
		t.Fatal(err)
	}
	left, err := Files(dir, "commands")
	if err != nil {
		t.Fatal(err)
	}
	if v := verify(true); v.Last != 200 || len(left) >= len(whole) || len(left) < 2 {
		t.Errorf("%+v in %d files", v, len(left))
	}
	gone, err := Files(archive, "commands")
	if err != nil || len(gone)+len(left) != len(whole) {
		t.Fatalf("%d archived, %d left of %d", len(gone), len(left), len(whole))
	}
	if v, err := VerifyFiles(append(gone, left...), nil); err != nil || v.Trimmed || v.Last != 200 {
		t.Errorf("archive and the rest together: %+v, %v", v, err)
	}
	if _, err := VerifyFiles(append(gone[1:2], left...), nil); !errors.Is(err, ErrTampered) {
		t.Errorf("a file is missing between: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, "commands")
	if err != nil {
		t.Fatal(err)
	}
	if at, is := again.Head(); at != last || is != chain {
		t.Errorf("opened again at %d %x", at, is)
	}
	again.Append(201, []byte(`{}`))
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	verify(true)
}

// A crash while a file is packed leaves it, and perhaps half of its pack.
func TestCrashWhilePacking(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, "access")
	if err != nil {
		t.Fatal(err)
	}
	j.rotate = 300
	for range 12 {
		j.AppendNext([]byte(`{"path":"/v1/plan"}`))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := Files(dir, "access")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, half := range []string{files[0] + ".gz.new", files[0] + ".gz"} {
		if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if seen, err := Files(dir, "access"); err != nil || len(seen) != len(files) {
		t.Errorf("%v, %v", seen, err)
	}
	if err := (Retention{}).keep(dir, "access"); err != nil {
		t.Fatal(err)
	}
	now, err := Files(dir, "access")
	if err != nil || !strings.HasSuffix(now[0], packed) {
		t.Fatal(now, err)
	}
	if v, err := VerifyFiles(now, nil); err != nil || v.Lines != 12 {
		t.Errorf("%+v, %v", v, err)
	}
	if stray, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(stray) != 0 {
		t.Errorf("left behind: %v", stray)
	}
}
