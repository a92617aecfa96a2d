package fairness_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/fairness/fairnesstest"
	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// group is a commit group as whoever rewrites the record has it before them.
type group struct {
	timeS   int64
	records [][]byte
}

// played is the record of a whole evening, taken apart, and what was kept of
// it.
type played struct {
	dir        string
	files      []string
	groups     []group
	checkpoint fairness.Evidence
}

func play(t *testing.T) *played {
	t.Helper()
	p := &played{dir: t.TempDir()}
	if err := fairnesstest.Play(p.dir); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.files, err = fairnesstest.Files(p.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := record.Read(p.dir, func(g *record.Group) error {
		next := group{timeS: g.TimeS}
		for _, r := range g.Records {
			next.records = append(next.records, bytes.Clone(r))
		}
		p.groups = append(p.groups, next)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(p.dir, fairness.CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	p.checkpoint = fairness.Evidence{Name: "checkpoint", Content: content, Own: true}
	return p
}

// copyGroups is deep enough to change what is in it.
func (p *played) copyGroups() []group {
	groups := make([]group, len(p.groups))
	for i, g := range p.groups {
		groups[i] = group{timeS: g.timeS, records: append([][]byte(nil), g.records...)}
	}
	return groups
}

// castagnoli is the checksum of the format.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode writes groups as the owner of a key would: one file, every root and
// signature right.
func encode(key ed25519.PrivateKey, groups []group) []byte {
	out := append([]byte("sunbeon record 1"), key.Public().(ed25519.PublicKey)...)
	out = append(out, make([]byte, 16)...)
	out = binary.BigEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
	var log tree.Frontier
	first := uint64(0)
	for i, g := range groups {
		var records tree.Frontier
		var section []byte
		for _, r := range g.records {
			records.Add(tree.Leaf(r))
			section = append(binary.AppendUvarint(section, uint64(len(r))), r...)
		}
		root, before := records.Root(), log.Root()
		head := binary.BigEndian.AppendUint64(nil, uint64(i))
		head = binary.BigEndian.AppendUint64(head, uint64(g.timeS))
		head = binary.BigEndian.AppendUint64(head, first)
		head = binary.BigEndian.AppendUint32(head, uint32(len(g.records)))
		head = append(append(head, root[:]...), before[:]...)
		out = append(out, frame(head, ed25519.Sign(key, append([]byte("sunbeon group v1\n"), head...)), section)...)
		log.Add(tree.Leaf(head))
		first += uint64(len(g.records))
	}
	return out
}

// frame puts a group together, with checksums that are right.
func frame(head, signature, section []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte("SBgr"), uint32(len(section)))
	b = append(append(b, head...), signature...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(section, castagnoli))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return append(b, section...)
}

// suspect is a directory for one rewritten record after the other.
type suspect struct {
	t   *testing.T
	dir string
}

func newSuspect(t *testing.T) *suspect { return &suspect{t: t, dir: t.TempDir()} }

// write leaves nothing but these files.
func (s *suspect) write(files map[string][]byte) {
	s.t.Helper()
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Fatal(err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

const firstFile = "0000000000000000.log"

// verify returns the first violation; nil where all holds.
func (s *suspect) verify(evidence ...fairness.Evidence) *fairness.Violation {
	s.t.Helper()
	report, err := fairness.Verify(fairness.Config{Dir: s.dir, Evidence: evidence})
	if err != nil {
		s.t.Fatalf("neither proved nor refuted: %v", err)
	}
	if report.OK != (report.Violation == nil) || !report.OK && (report.Violation.Detail == "" || len(report.Proved) > 0) {
		s.t.Fatalf("an unclear report: %+v", report)
	}
	return report.Violation
}

// parse reads a record that is known to be good.
func parse(t *testing.T, encoded []byte) waitingroom.Record {
	t.Helper()
	r, err := waitingroom.Parse(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
