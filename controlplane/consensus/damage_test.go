package consensus_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// segmentFiles of a stopped node's log.
func segmentFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "log", "*.wal"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no log in %s: %v", dir, err)
	}
	return files
}

func TestTornLogIsRepairedFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		for i := range int64(100) {
			c.must(c.leader(), i)
		}
		time.Sleep(time.Second)
		torn := (c.leader() + 1) % 3
		c.stop(torn)
		for _, file := range segmentFiles(t, filepath.Join(c.dir, address(torn))) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			end := len(data)
			for end > 0 && data[end-1] == 0 {
				end-- // the file is preallocated
			}
			for i := end - 20; i < end; i++ {
				data[i] = 0
			}
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.start(torn)
		c.agree()
		if p, _ := c.nodes[torn].Plan(); p.Admission.TauMS != 99 {
			t.Errorf("the torn node holds %d", p.Admission.TauMS)
		}
	})
}

// What a deposed leader wrote alone is cut off its log when it comes back. It
// must still start after that, again and again.
func TestContradictedLeaderRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		for round := range int64(3) {
			old := c.leader()
			c.must(old, 100*round)
			c.isolate(old)
			if err := c.submit(old, 100*round+1); err == nil {
				t.Fatal("an isolated leader has its way")
			}
			successor := c.leader((old+1)%3, (old+2)%3)
			c.must(successor, 100*round+2)
			c.mend()
			time.Sleep(5 * time.Second)
			c.stop(old)
			c.start(old)
			c.agree()
			if p, _ := c.nodes[old].Plan(); p.Admission.TauMS != 100*round+2 {
				t.Errorf("round %d: it holds %d", round, p.Admission.TauMS)
			}
		}
	})
}

// A node that was told the term and nothing else, because what was sent to it
// never fitted, has lost nothing when it crashes.
func TestNodeWithoutEntriesYetStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		c.must(c.leader(), 1)
		c.order(plan.MemberAdd, c.wanted(3))
		c.net.block(address(founders), address(c.leader())) // the leader never hears what fits
		joined := c.join()
		eventually(t, "the new node in the leader's term", func() bool {
			term, _ := c.nodes[joined].Term()
			return term > 0
		})
		if _, index := c.nodes[joined].Plan(); index > 0 {
			t.Fatalf("the new node is at index %d already", index)
		}
		c.crash(joined)
		c.mend()
		c.start(joined)
		eventually(t, "a vote for the new node", func() bool { m, _ := c.member(joined); return m.Voter })
	})
}

func TestDamagedDirectoryIsAnErrorNotACrash(t *testing.T) {
	f := func(name string, damage func(t *testing.T, dir string)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, nil)
				defer c.close()
				for i := range int64(10) {
					c.must(c.leader(), i)
				}
				c.stop(0)
				dir := filepath.Join(c.dir, address(0))
				damage(t, dir)
				_, transport := raft.NewInmemTransport("node-0")
				node, err := consensus.Open(consensus.Config{ID: "node-0", Dir: dir, Transport: transport})
				if err == nil {
					t.Error("opened")
					err = node.Close()
				}
				t.Log(err)
			})
		})
	}
	overwrite := func(t *testing.T, file string) {
		t.Helper()
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] ^= 0xa5
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f("metadata overwritten", func(t *testing.T, dir string) {
		overwrite(t, filepath.Join(dir, "log", "wal-meta.db"))
	})
	f("metadata cut off", func(t *testing.T, dir string) {
		if err := os.Truncate(filepath.Join(dir, "log", "wal-meta.db"), 100); err != nil {
			t.Fatal(err)
		}
	})
	f("log overwritten", func(t *testing.T, dir string) {
		for _, file := range segmentFiles(t, dir) {
			overwrite(t, file)
		}
	})
	f("log gone", func(t *testing.T, dir string) {
		for _, file := range segmentFiles(t, dir) {
			if err := os.Truncate(file, 0); err != nil {
				t.Fatal(err)
			}
		}
	})
	f("a file where the directory should be", func(t *testing.T, dir string) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, transport := raft.NewInmemTransport("alone")
		node, err := consensus.Open(consensus.Config{
			ID: "alone", Dir: t.TempDir(), Transport: transport, Bootstrap: true,
			Peers: []consensus.Peer{{ID: "alone", Address: "alone"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- node.Run(ctx) }()
		time.Sleep(5 * time.Second)
		if _, leading := node.Term(); !leading {
			t.Error("a cluster of one has no leader")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := node.Submit(t.Context(), tau(t, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a closed node answers %v", err)
		}
	})
}
