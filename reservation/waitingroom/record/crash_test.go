package record_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sunbeon/reservation/waitingroom/record"
)

// ends returns where each group of a segment ends, and how many records there
// are by then.
func ends(t testing.TB, segment []byte) (offsets []int, records []int) {
	t.Helper()
	count := 0
	for at := bytes.Index(segment, []byte("SBgr")); at < len(segment); {
		length := int(segment[at+4])<<24 | int(segment[at+5])<<16 | int(segment[at+6])<<8 | int(segment[at+7])
		count += int(segment[at+35])
		at += 172 + length
		offsets, records = append(offsets, at), append(records, count)
	}
	return offsets, records
}

// A crash after any byte of a write leaves every whole group and nothing else,
// and the log goes on from there.
func TestCrashAtEveryByte(t *testing.T) {
	dir, all := written(t, 5)
	path := onlySegment(t, dir)
	whole := get(t, path)
	offsets, counts := ends(t, whole)
	for cut := 0; cut <= len(whole); cut++ {
		put(t, path, whole[:cut])
		want, kept := 0, 68
		for i, end := range offsets {
			if end <= cut {
				want, kept = counts[i], end
			}
		}
		if cut < kept {
			kept = 0
		}
		log, got, recovery := open(t, config(dir))
		if !slices.Equal(got, all[:want]) {
			t.Fatalf("cut at %d: replayed %d records, want %d", cut, len(got), want)
		}
		if recovery.Dropped != int64(cut-kept) {
			t.Fatalf("cut at %d: dropped %d bytes, want %d", cut, recovery.Dropped, cut-kept)
		}
		write(t, log, "after the crash")
		closeLog(t, log)
		log, got, _ = open(t, config(dir))
		closeLog(t, log)
		if len(got) != want+1 || got[want] != "after the crash" {
			t.Fatalf("cut at %d: after writing on there are %q", cut, got)
		}
	}
}

// A crash may also leave the file at its full length with sectors that were
// never written and read as zeros: all of the group, or some of it.
func TestUnwrittenSectorsAreDropped(t *testing.T) {
	dir, all := written(t, 5)
	path := onlySegment(t, dir)
	from := len(get(t, path))
	log, _, _ := open(t, config(dir))
	write(t, log, strings.Repeat("long", 1000))
	closeLog(t, log)
	whole := get(t, path)
	const sector = 512
	holes := [][2]int{{from, len(whole)}, {from, (from/sector + 1) * sector}}
	for at := (from/sector + 1) * sector; at < len(whole)-16; at += sector {
		holes = append(holes, [2]int{at, len(whole)}, [2]int{at, min(at+sector, len(whole))})
	}
	for _, hole := range holes {
		torn := slices.Clone(whole)
		clear(torn[hole[0]:hole[1]])
		put(t, path, torn)
		log, got, recovery := open(t, config(dir))
		closeLog(t, log)
		if !slices.Equal(got, all) || recovery.Dropped != int64(len(whole)-from) {
			t.Fatalf("zeros in %v: %d records, %+v", hole, len(got), recovery)
		}
	}
}

// Damage to anything acknowledged is an error, never a shorter log.
func TestDamageIsAnError(t *testing.T) {
	dir, _ := written(t, 5)
	path := onlySegment(t, dir)
	whole := get(t, path)
	for at := range whole {
		damaged := slices.Clone(whole)
		damaged[at] ^= 0x55
		put(t, path, damaged)
		_, _, err := record.Open(config(dir), func(uint64, []byte) error { return nil })
		if !errors.Is(err, record.ErrCorrupt) {
			t.Fatalf("byte %d damaged: %v", at, err)
		}
		if _, err := record.Read(dir, func(*record.Group) error { return nil }); !errors.Is(err, record.ErrCorrupt) {
			t.Fatalf("byte %d damaged: read %v", at, err)
		}
		if !bytes.Equal(get(t, path), damaged) {
			t.Fatalf("byte %d damaged: the file was changed", at)
		}
	}
}

func TestMissingGroupsAreAnError(t *testing.T) {
	dir, _ := written(t, 5)
	path := onlySegment(t, dir)
	whole := get(t, path)
	offsets, _ := ends(t, whole)
	for name, changed := range map[string][]byte{
		"left out":  slices.Concat(whole[:offsets[1]], whole[offsets[2]:]),
		"repeated":  slices.Concat(whole[:offsets[1]], whole[offsets[0]:]),
		"exchanged": slices.Concat(whole[:offsets[0]], whole[offsets[1]:offsets[2]], whole[offsets[0]:offsets[1]], whole[offsets[2]:]),
	} {
		put(t, path, changed)
		_, _, err := record.Open(config(dir), func(uint64, []byte) error { return nil })
		if !errors.Is(err, record.ErrCorrupt) {
			t.Errorf("group %s: %v", name, err)
		}
	}
}

func TestTornEndOfAnEarlierSegmentIsAnError(t *testing.T) {
	dir := t.TempDir()
	c := config(dir)
	c.SegmentBytes = 1
	log, _, _ := open(t, c)
	for range 3 {
		write(t, log, "record")
	}
	closeLog(t, log)
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(files) != 3 {
		t.Fatalf("segments %v, %v", files, err)
	}
	whole := get(t, files[1])
	put(t, files[1], whole[:len(whole)-1])
	if _, _, err := record.Open(c, func(uint64, []byte) error { return nil }); !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("torn second segment of three: %v", err)
	}
	put(t, files[1], whole)
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := record.Open(c, func(uint64, []byte) error { return nil }); !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("missing second segment of three: %v", err)
	}
}

// FuzzRead: no content of a segment makes reading panic, hang, or tell anything
// but the records that were written, from the first on.
func FuzzRead(f *testing.F) {
	dir, all := written(f, 3)
	whole := get(f, onlySegment(f, dir))
	f.Add(whole)
	f.Add(whole[:len(whole)-5])
	f.Add(append(whole[:len(whole)-5:len(whole)-5], 0, 0, 0, 0, 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "0000000000000000.log"), content)
		var got []string
		_, err := record.Read(dir, func(g *record.Group) error {
			if g.Verify(public) != nil {
				return nil // a group of the fuzzer's own
			}
			for _, r := range g.Records {
				got = append(got, string(r))
			}
			return nil
		})
		if err != nil && !errors.Is(err, record.ErrCorrupt) {
			t.Fatal(err)
		}
		if len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("read %q", got)
		}
	})
}
