package fairness_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"testing"
)

// second is a verifier of the record written from FORMAT.md alone: it uses
// nothing of this project, so that the two can hold each other to the document.
// It checks what orders people: files, groups, places, seal, draw and turns.
type second struct {
	key    []byte
	groups [][]byte // leaves
	lines  []*secondLine
	order  map[string][]int64 // turns by arrival, by cohort
	issued map[string]bool    // passes, of any cohort
}

type secondLine struct {
	id, order, mode, commitment string
	tickets                     [][]byte
	tags                        map[string]bool
	sealed                      int
	root                        []byte
	phase                       string
	passes                      map[string]bool // true once booked with
}

func leaf(data []byte) []byte { s := sha256.Sum256(append([]byte{0}, data...)); return s[:] }

// treeRoot is the root of RFC 6962, by its recursive definition.
func treeRoot(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		s := sha256.Sum256(nil)
		return s[:]
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	s := sha256.Sum256(slices.Concat([]byte{1}, treeRoot(leaves[:k]), treeRoot(leaves[k:])))
	return s[:]
}

func (v *second) file(b []byte) error {
	if len(b) < 68 || string(b[:16]) != "sunbeon record 1" || crc32.Checksum(b[:64], castagnoli) != binary.BigEndian.Uint32(b[64:]) {
		return errors.New("header of a file")
	}
	if v.key == nil {
		v.key = b[16:48]
	}
	if !bytes.Equal(v.key, b[16:48]) || binary.BigEndian.Uint64(b[48:]) != uint64(len(v.groups)) {
		return errors.New("a file that does not follow")
	}
	for b = b[68:]; len(b) > 0; {
		if len(b) < 172 || string(b[:4]) != "SBgr" {
			return errors.New("header of a group")
		}
		length := int(binary.BigEndian.Uint32(b[4:]))
		if len(b) < 172+length {
			return errors.New("a group that is not whole")
		}
		if err := v.group(b[8:100], b[100:164], b[172:172+length]); err != nil {
			return fmt.Errorf("group %d: %w", len(v.groups), err)
		}
		b = b[172+length:]
	}
	return nil
}

func (v *second) group(head, signature, section []byte) error {
	if binary.BigEndian.Uint64(head) != uint64(len(v.groups)) || !bytes.Equal(head[60:92], treeRoot(v.groups)) {
		return errors.New("it does not follow")
	}
	if !ed25519.Verify(v.key, append([]byte("sunbeon group v1\n"), head...), signature) {
		return errors.New("signature")
	}
	var leaves [][]byte
	for len(section) > 0 {
		length, n := binary.Uvarint(section)
		if n <= 0 || n > 1 && section[n-1] == 0 || length > uint64(len(section)-n) {
			return errors.New("length of a record")
		}
		record := section[n : n+int(length)]
		leaves = append(leaves, leaf(record))
		if err := v.record(record); err != nil {
			return err
		}
		section = section[n+int(length):]
	}
	if !bytes.Equal(head[28:60], treeRoot(leaves)) || int(binary.BigEndian.Uint32(head[24:])) != len(leaves) {
		return errors.New("root over the records")
	}
	v.groups = append(v.groups, leaf(head))
	return nil
}

func (v *second) record(b []byte) error {
	kind, rest := b[0], b[1:]
	number := func() int {
		n, size := binary.Uvarint(rest)
		rest = rest[max(size, 0):]
		return int(n)
	}
	cohort := number()
	if kind == 1 && cohort == len(v.lines) {
		if cohort == 0 {
			v.issued = map[string]bool{}
		}
		v.lines = append(v.lines, &secondLine{tags: map[string]bool{}, passes: map[string]bool{}, sealed: -1, phase: "scheduled"})
	}
	if cohort >= len(v.lines) {
		return errors.New("a cohort there is not")
	}
	l := v.lines[cohort]
	switch kind {
	case 2:
		seq, tag := number(), string(rest)
		if seq != len(l.tickets)+1 || len(tag) != 16 || l.tags[tag] || !slices.Contains([]string{"lobby", "sealed", "open", "paused"}, l.phase) {
			return fmt.Errorf("ticket %d of %s", seq, l.id)
		}
		l.tags[tag] = true
		l.tickets = append(l.tickets, leaf(b))
		return nil
	case 6, 7, 8:
		seq := number()
		id := string(rest[:16])
		pass := fmt.Sprintf("%d %x", seq, id)
		used, known := l.passes[pass]
		switch {
		case kind == 6 && (v.issued[id] || l.phase != "open"), kind != 6 && !known, kind == 7 && used:
			return fmt.Errorf("pass of ticket %d of %s", seq, l.id)
		}
		v.issued[id], l.passes[pass] = true, used || kind == 7
		return nil
	}
	return v.event(l, kind, rest)
}

func (v *second) event(l *secondLine, kind byte, body []byte) error {
	var e struct {
		Count                    int
		Root, Value, Seed, Phase string
		Cohort                   struct {
			ID, Order, Commitment string
			Mode                  string `json:"draw_mode"`
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	switch kind {
	case 1:
		c := e.Cohort
		if len(l.tickets) > 0 && (c.ID != l.id || c.Order != l.order || c.Mode != l.mode || c.Commitment != l.commitment) {
			return fmt.Errorf("%s was announced otherwise", l.id)
		}
		l.id, l.order, l.mode, l.commitment = c.ID, c.Order, c.Mode, c.Commitment
	case 3:
		l.sealed, l.root = e.Count, treeRoot(l.tickets)
		if e.Count != len(l.tickets) || e.Root != hex.EncodeToString(l.root) {
			return fmt.Errorf("seal of %s", l.id)
		}
	case 4:
		return v.draw(l, e.Value, e.Seed)
	case 10:
		l.phase = e.Phase
	}
	return nil
}

func (v *second) draw(l *secondLine, value, said string) error {
	raw, err := hex.DecodeString(value)
	if err != nil || l.sealed < 0 || v.order[l.id] != nil {
		return fmt.Errorf("draw of %s: %v", l.id, err)
	}
	if sum := sha256.Sum256(raw); l.mode == "secret" && hex.EncodeToString(sum[:]) != l.commitment {
		return fmt.Errorf("secret of %s", l.id)
	}
	seed, err := hkdf.Key(sha256.New, raw, l.root, fmt.Sprintf("sunbeon draw v1\n%s\n%d", l.id, l.sealed), 32)
	if err != nil || hex.EncodeToString(seed) != said {
		return fmt.Errorf("seed of %s: %v", l.id, err)
	}
	if v.order == nil {
		v.order = map[string][]int64{}
	}
	for seq := range l.sealed {
		v.order[l.id] = append(v.order[l.id], feistelTurn(seed, l.sealed, seq+1))
	}
	return nil
}

// feistelTurn follows the section "Draw" line by line.
func feistelTurn(seed []byte, m, seq int) int64 {
	bits := 0
	for n := m - 1; n > 0; n /= 2 {
		bits++
	}
	h := max((bits+1)/2, 3)
	x := uint64(seq - 1)
	for {
		left, right := x>>h, x&(1<<h-1)
		for i := range 12 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint32(append(slices.Clone(seed), byte(i)), uint32(right)))
			left, right = right, left^uint64(binary.BigEndian.Uint32(sum[:]))&(1<<h-1)
		}
		if x = left<<h | right; x < uint64(m) {
			return int64(x) + 1
		}
	}
}

// The document is enough to come to the same groups, places and turns, and to
// refuse what changes them.
func TestASecondVerifierFromTheDocumentAgrees(t *testing.T) {
	p, s := play(t), newSuspect(t)
	var v second
	for _, path := range p.files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.file(content); err != nil {
			t.Fatal(err)
		}
	}
	report := verify(t, p.dir, p.checkpoint)
	if hex.EncodeToString(treeRoot(v.groups)) != report.Root || uint64(len(v.groups)) != report.Groups {
		t.Errorf("%d groups with root %x, want %d with %s", len(v.groups), treeRoot(v.groups), report.Groups, report.Root)
	}
	for i, l := range report.Lines {
		if int64(len(v.lines[i].tickets)) != l.Tickets {
			t.Errorf("%s: %d tickets, want %d", l.Cohort, len(v.lines[i].tickets), l.Tickets)
		}
		turns := slices.Sorted(slices.Values(v.order[l.Cohort]))
		for n, turn := range turns {
			if turn != int64(n+1) {
				t.Fatalf("%s: turns %v are no permutation", l.Cohort, v.order[l.Cohort])
			}
		}
		if int64(len(turns)) != l.Lobby {
			t.Errorf("%s: %d turns drawn, want %d", l.Cohort, len(turns), l.Lobby)
		}
	}
	// The vectors that the document gives.
	seed, err := hex.DecodeString("9486f4b819dc564f67ffeba9c497a49815ff5c7dbee56fb6691ec0c6207b14dd")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{83, 458, 858, 482, 369} {
		if got := feistelTurn(seed, 1000, i+1); got != want {
			t.Errorf("turn of seq %d is %d, want %d", i+1, got, want)
		}
	}
	// Whatever it refuses when rewritten, the first one refuses as well.
	refused := 0
	for g := range p.groups {
		for i := range p.groups[g].records {
			groups := p.copyGroups()
			groups[g].records = slices.Delete(groups[g].records, i, i+1)
			b := encode(key, groups)
			if (&second{}).file(b) == nil {
				continue
			}
			refused++
			if refused%4 != 0 {
				continue
			}
			s.write(map[string][]byte{firstFile: b})
			if s.verify() == nil {
				t.Errorf("record %d of group %d is missing, and only the second verifier says so", i, g)
			}
		}
	}
	if refused < 50 {
		t.Errorf("the second verifier refuses only %d records left out", refused)
	}
}
