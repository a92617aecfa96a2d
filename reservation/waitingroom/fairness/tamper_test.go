package fairness_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sunbeon/reservation/waitingroom/fairness"
)

// whole are the files of a record as they are.
func (p *played) whole(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, path := range p.files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = content
	}
	return files
}

// Whoever has a copy but not the key changes bytes: flips, cuts, repeats,
// exchanges or blanks them, anywhere. The checkpoint lies beside the copy.
func TestEveryByteCounts(t *testing.T) {
	p, s := play(t), newSuspect(t)
	whole := p.whole(t)
	s.write(whole)
	if v := s.verify(p.checkpoint); v != nil {
		t.Fatalf("untouched: %+v", v)
	}
	change := func(name string, at int, what string, content []byte) {
		t.Helper()
		changed := maps.Clone(whole)
		changed[name] = content
		s.write(changed)
		if v := s.verify(p.checkpoint); v == nil {
			t.Errorf("%s: %s at byte %d of %d is not noticed", name, what, at, len(whole[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		content := whole[name]
		for at := 0; at < len(content); at += 97 {
			flipped := slices.Clone(content)
			flipped[at] ^= 1 << (at % 8)
			change(name, at, "a flipped bit", flipped)
		}
		for at := 7; at < len(content)-600; at += 2999 {
			change(name, at, "a cut", slices.Clone(content[:at]))
			change(name, at, "a byte less", slices.Delete(slices.Clone(content), at, at+1))
			change(name, at, "a byte more", slices.Insert(slices.Clone(content), at, 0))
			change(name, at, "a repeated stretch", slices.Concat(content[:at+512], content[at:]))
			change(name, at, "a missing stretch", slices.Concat(content[:at], content[at+512:]))
			change(name, at, "zeros", slices.Concat(content[:at], make([]byte, 512), content[at+512:]))
		}
		change(name, 0, "nothing left", nil)
		change(name, 0, "another file", []byte("2026-11-22 gate-1 INFO listening\n"))
		gone := maps.Clone(whole)
		delete(gone, name)
		s.write(gone)
		if v := s.verify(p.checkpoint); v == nil {
			t.Errorf("%s is missing, and nobody notices", name)
		}
	}
	names := slices.Sorted(maps.Keys(whole))
	swapped := maps.Clone(whole)
	swapped[names[0]], swapped[names[1]] = whole[names[1]], whole[names[0]]
	added := maps.Clone(whole)
	added["0000000000009999.log"] = whole[names[1]]
	misnamed := maps.Clone(whole)
	misnamed["0.log"] = whole[names[0]]
	for what, files := range map[string]map[string][]byte{"exchanged files": swapped, "a file more": added, "an odd name": misnamed} {
		s.write(files)
		if v := s.verify(p.checkpoint); v == nil {
			t.Errorf("%s: not noticed", what)
		}
	}
}

// Checksums are no secret: whoever has no key mends them after each change. No
// signed byte and no unsigned one may give way.
func TestMendedChecksumsHideNothing(t *testing.T) {
	p, s := play(t), newSuspect(t)
	whole := encode(key, p.groups)
	mended := func(what string, content []byte) {
		t.Helper()
		s.write(map[string][]byte{firstFile: content})
		if v := s.verify(p.checkpoint); v == nil {
			t.Errorf("%s: not noticed", what)
		}
	}
	s.write(map[string][]byte{firstFile: whole})
	if v := s.verify(p.checkpoint); v != nil {
		t.Fatalf("written anew, byte by byte the same groups: %+v", v)
	}
	const header = 68
	for at := range header - 4 {
		b := slices.Clone(whole)
		b[at] ^= 0x10
		binary.BigEndian.PutUint32(b[header-4:], crc32.Checksum(b[:header-4], castagnoli))
		mended(fmt.Sprintf("byte %d of the file's header", at), b)
	}
	begins := frames(whole)
	for n, begin := range begins {
		end := len(whole)
		if n+1 < len(begins) {
			end = begins[n+1]
		}
		f := whole[begin:end]
		head, signature, section := f[8:100], f[100:164], f[172:]
		splice := func(what string, f []byte) {
			mended(fmt.Sprintf("group %d: %s", n, what), slices.Concat(whole[:begin], f, whole[end:]))
		}
		if n%24 == 0 {
			for at := range head {
				bent := slices.Clone(head)
				bent[at] ^= 1
				splice(fmt.Sprintf("byte %d of the head", at), frame(bent, signature, section))
			}
			for at := 0; at < len(signature); at += 9 {
				bent := slices.Clone(signature)
				bent[at] ^= 0x80
				splice("signature", frame(head, bent, section))
			}
		}
		bent := slices.Clone(section)
		bent[len(bent)/2] ^= 1
		splice("a record", frame(head, signature, bent))
		// The length of the first record, written longer than it need be.
		length, size := binary.Uvarint(section)
		if size == 1 {
			long := slices.Concat([]byte{byte(length) | 0x80, 0}, section[1:])
			splice("a second way to write a length", frame(head, signature, long))
		}
		splice("a record of no bytes", frame(head, signature, append(slices.Clone(section), 0)))
		splice("nothing", nil)
		splice("twice", slices.Concat(f, f))
	}
	for n := range len(begins) - 2 {
		a, b, c := begins[n], begins[n+1], begins[n+2]
		mended(fmt.Sprintf("groups %d and %d exchanged", n, n+1), slices.Concat(whole[:a], whole[b:c], whole[a:b], whole[c:]))
	}
}

// frames are where the groups of a file begin.
func frames(content []byte) (begins []int) {
	for at := 68; at < len(content); at += 172 + int(binary.BigEndian.Uint32(content[at+4:])) {
		begins = append(begins, at)
	}
	return begins
}

// The whole record is written anew under another key, as somebody would who
// wants to pass off a log of their own. It is consistent, so only what came
// with the true one can tell.
func TestAnotherKeyIsNoticed(t *testing.T) {
	p, s := play(t), newSuspect(t)
	other := ed25519.NewKeyFromSeed(make([]byte, 32))
	s.write(map[string][]byte{firstFile: encode(other, p.groups)})
	if v := s.verify(); v != nil {
		t.Fatalf("a consistent record: %+v", v)
	}
	if v := s.verify(p.checkpoint); v == nil || v.Claim != fairness.Signed {
		t.Errorf("beside the old checkpoint: %+v", v)
	}
	report, err := fairness.Verify(fairness.Config{Dir: s.dir, Key: public})
	if err != nil || report.OK || report.Violation.Claim != fairness.Signed {
		t.Errorf("with the key known from elsewhere: %+v, %v", report, err)
	}
}
