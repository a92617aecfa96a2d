package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
)

// network gives each node a network namespace of its own, so that a test can
// cut single directions between them.
type network struct {
	t      *testing.T
	prefix string // of namespaces and devices
	subnet string
}

// separate moves the nodes, none of which runs yet, into namespaces of their own.
func (r *real) separate() network {
	r.t.Helper()
	n := network{r.t, fmt.Sprintf("sb%x", os.Getpid()&0xffff), fmt.Sprintf("10.213.%d.", os.Getpid()%250)}
	needsRoot(r.t, "ip", "link", "add", n.prefix, "type", "bridge")
	r.t.Cleanup(func() {
		r.stop()
		n.ip("link", "del", n.prefix)
	})
	n.ip("addr", "add", n.subnet+"254/24", "dev", n.prefix)
	n.ip("link", "set", n.prefix, "up")
	for i := range nodes {
		space, device := n.space(i), fmt.Sprintf("%sv%d", n.prefix, i)
		n.ip("netns", "add", space)
		n.ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", space)
		r.t.Cleanup(func() {
			r.stop()
			n.ip("link", "del", device)
			n.ip("netns", "del", space)
		})
		n.ip("link", "set", device, "master", n.prefix, "up")
		n.ip("-n", space, "addr", "add", n.host(i)+"/24", "dev", "eth0")
		n.ip("-n", space, "link", "set", "eth0", "up")
		n.ip("-n", space, "link", "set", "lo", "up")
		r.ops[i], r.private[i], r.raft[i] = n.host(i)+":8805", n.host(i)+":8808", n.host(i)+":8811"
	}
	r.must(r.connect())
	for i := range nodes {
		spec := r.spec(i)
		spec.Args = append([]string{"netns", "exec", n.space(i), spec.Path}, spec.Args...)
		spec.Path = "ip"
		r.run(i, spec)
	}
	return n
}

func (n network) space(i int) string { return fmt.Sprintf("%s-%d", n.prefix, i) }

func (n network) host(i int) string { return fmt.Sprintf("%s%d", n.subnet, i+1) }

func (n network) ip(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Errorf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// cut drops what from sends to the other; mend undoes it.
func (n network) cut(from, to int) {
	n.t.Helper()
	n.ip("-n", n.space(from), "route", "add", "blackhole", n.host(to)+"/32")
}

func (n network) mend(from, to int) {
	n.t.Helper()
	n.ip("-n", n.space(from), "route", "del", "blackhole", n.host(to)+"/32")
}

func TestOneWayCuts(t *testing.T) {
	r := prepare(t)
	n := r.separate()
	leader := r.lead()
	first, second := (leader+1)%nodes, (leader+2)%nodes
	r.must(r.setRate(1_000))

	// One follower no longer hears the leader. It may not unseat a leader whom
	// the other follower hears.
	n.cut(leader, first)
	for rate := int64(2_000); rate < 2_040; rate++ {
		r.must(r.setRate(rate))
		time.Sleep(100 * time.Millisecond)
	}
	if now := r.leaderBy(second); now != id(leader) {
		t.Errorf("a follower that hears nothing unseated %s: %s leads", id(leader), now)
	}

	// Nobody hears the leader, who hears both: another one has to lead, and the
	// old one must neither take commands nor answer for the plan.
	n.cut(leader, second)
	r.eventually("another leader", func() bool {
		now := r.leaderBy(second)
		return now == id(first) || now == id(second)
	})
	r.must(r.setRate(3_000))
	ctx, cancel := context.WithTimeout(r.ctx, 4*time.Second)
	defer cancel()
	var document opsapi.Document
	err := r.at[leader].Call(ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document)
	if err == nil && document.Admission.RateMilli != 3_000 {
		t.Errorf("a leader nobody hears answers with the rate %d", document.Admission.RateMilli)
	}

	n.mend(leader, first)
	n.mend(leader, second)
	r.must(r.setRate(4_000))
	r.holdEverywhere(4_000)
}

// leaderBy is the leader by what one node says.
func (r *real) leaderBy(i int) string {
	var members opsapi.Members
	if err := r.at[i].Call(r.ctx, http.MethodGet, "/v1/members", "", nil, &members); err != nil {
		return ""
	}
	return members.Leader
}
