package bench

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/supervise"
)

// The procedure of the README beside package consensus, step by step: two of
// three nodes are gone for good, the third becomes the whole cluster, and two
// new ones are taken in.
func TestLostQuorumIsRecovered(t *testing.T) {
	r := startReal(t)
	const last = 1_234
	r.must(r.setRate(last))
	left := r.lead()
	lost := []int{(left + 1) % nodes, (left + 2) % nodes}
	for _, i := range lost {
		r.must(r.kill(i))
		r.must(os.RemoveAll(filepath.Join(r.dir, id(i))))
	}
	r.must(r.kill(left))
	peers, err := json.Marshal([]map[string]any{{"id": id(left), "address": r.raft[left], "non_voter": false}})
	r.must(err)
	r.must(os.WriteFile(filepath.Join(r.dir, id(left), "peers.json"), peers, 0o600))
	r.must(r.start(left))
	r.says(left, "recovered from a lost quorum")
	r.must(r.settled(r.ctx, left))
	if got := r.rateAt(left); got != last {
		t.Errorf("after the recovery the plan holds the rate %d, want %d", got, last)
	}

	// New nodes at the places of the lost ones, with new ids.
	for n, i := range lost {
		name := "controlplane-" + string(rune('4'+n))
		r.must(r.order(r.ctx, plan.MemberAdd, plan.AddMember{ID: name, Address: r.raft[i], PrivateURL: "https://" + r.private[i]}))
		r.run(i, r.newcomer(i, name))
		r.eventually("a vote for "+name, func() bool { return r.votes(left, name) })
	}
	r.must(r.setRate(last + 1))
	r.holdEverywhere(last + 1)
	r.must(r.kill(left)) // the two new ones are a majority of three
	r.must(r.setRate(last + 2))
}

// newcomer is how a node is started that joins a cluster: under a new id, on an
// empty directory, and founding nothing.
func (r *real) newcomer(i int, name string) supervise.Spec {
	spec := r.spec(i)
	spec.Name = name
	spec.Args = slices.DeleteFunc(spec.Args, func(arg string) bool { return arg == "--bootstrap" })
	for n, arg := range spec.Args {
		spec.Args[n] = strings.ReplaceAll(arg, id(i), name)
	}
	return spec
}

// votes reports whether a member has a vote, by what one node says.
func (r *real) votes(at int, name string) bool {
	var members opsapi.Members
	if err := r.at[at].Call(r.ctx, http.MethodGet, "/v1/members", "", nil, &members); err != nil {
		return false
	}
	for _, m := range members.Members {
		if m.ID == name {
			return m.Voter
		}
	}
	return false
}
