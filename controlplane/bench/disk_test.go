package bench

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

// smallDisk is a file system of its own for a node's directory, whose space a
// test takes and gives back.
type smallDisk struct {
	t   *testing.T
	dir string
}

func (r *real) smallDisk(i int) smallDisk {
	t, dir := r.t, filepath.Join(r.dir, id(i))
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	needsRoot(t, "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir)
	t.Cleanup(func() {
		r.stop()
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return smallDisk{t, dir}
}

func (d smallDisk) ballast() string { return filepath.Join(d.dir, "ballast") }

func (d smallDisk) fill() {
	d.t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 64<<10); len(piece) > 0; {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
}

func (d smallDisk) clear() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Fatal(err)
	}
}

// A leader whose disk is full says so and ends; the others go on; with space
// again it holds all that was acknowledged.
func TestFullDisk(t *testing.T) {
	r := prepare(t)
	disks := make([]smallDisk, nodes)
	for i := range nodes {
		disks[i] = r.smallDisk(i)
	}
	r.must(r.startAll(r.ctx))
	r.must(r.setRate(1_000))
	full := r.lead()
	disks[full].fill()

	last := r.writeMuch()
	r.ends(full)
	r.says(full, "no space left on device")
	r.must(r.setRate(last + 1))

	r.must(r.start(full)) // what a supervisor does
	r.ends(full)

	disks[full].clear()
	r.must(r.start(full))
	r.holdEverywhere(last + 1)
}

// writeMuch writes more than a segment of the log holds and returns the rate
// written last. Some of it meets a leader that cannot write.
func (r *real) writeMuch() (last int64) {
	r.t.Helper()
	reason := strings.Repeat("x", 1000)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for n := range 200 {
				rate := int64(2_000 + n)
				c, err := plan.NewCommand(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &rate})
				if err != nil {
					r.t.Error(err)
					return
				}
				c.Reason = reason
				_, _ = r.operator.Submit(r.ctx, c) // the plan is asked afterwards
			}
		})
	}
	group.Wait()
	const rate = 5_000
	r.must(r.setRate(rate))
	return rate
}

// The last records of a killed node's log are torn: they were never
// acknowledged by it alone, and it gets them again.
func TestTornLogTail(t *testing.T) {
	r := startReal(t)
	last := int64(0)
	for n := range int64(30) {
		last = 1_000 + n
		r.must(r.setRate(last))
	}
	torn := (r.lead() + 1) % nodes
	r.must(r.kill(torn))
	files, err := filepath.Glob(filepath.Join(r.dir, id(torn), "log", "*.wal"))
	r.must(err)
	if len(files) == 0 {
		t.Fatal("the node has no log")
	}
	content, err := os.ReadFile(files[len(files)-1])
	r.must(err)
	end := len(bytes.TrimRight(content, "\x00")) // the file is preallocated
	copy(content[end-100:end], make([]byte, 100))
	r.must(os.WriteFile(files[len(files)-1], content, 0o600))
	r.must(r.start(torn))
	r.holdEverywhere(last)
}

// A node whose directory is taken away under it would go on writing into files
// that nobody finds again: it ends instead, and says why. With only its audit
// gone it may come back; with its votes gone it may not, under that name.
func TestRemovedDirectory(t *testing.T) {
	r := startReal(t)
	r.must(r.setRate(1_000))
	follower := (r.lead() + 1) % nodes
	remove := func(gone string) {
		r.must(os.RemoveAll(filepath.Join(r.dir, id(follower), gone)))
		r.ends(follower)
		r.says(follower, "removed or replaced while in use")
	}
	remove("audit")
	r.must(r.setRate(2_000))
	r.must(r.start(follower))
	r.holdEverywhere(2_000)

	// The plan forgets a process that is silent, and not that it was there.
	r.eventually("the head of its audit in the plan", func() bool {
		var document opsapi.Document
		r.must(r.operator.Call(r.ctx, http.MethodGet, "/v1/plan", "", nil, &document))
		_, told := document.Checkpoints[plan.AuditOrigin("commands", id(follower))]
		return told
	})
	remove("")
	r.must(r.order(r.ctx, plan.InstanceForget, plan.ForgetInstance{ID: id(follower)}))
	r.must(r.setRate(3_000))
	r.run(follower, r.spec(follower))
	r.ends(follower)
	r.says(follower, "votes are lost")
}
