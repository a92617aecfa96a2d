package bench

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/supervise"
)

// startAgent runs an agent whose WAS are started with these arguments.
func (r *real) startAgent(was ...string) (process *supervise.Process, logs string) {
	r.t.Helper()
	var ports [2]string
	r.must(free(ports[:]))
	_, port, err := net.SplitHostPort(ports[1])
	r.must(err)
	logs = filepath.Join(r.dir, "agent")
	r.must(os.Mkdir(logs, 0o700))
	process, err = supervise.Start(supervise.Spec{
		Name: "agent-1", Path: r.binary, Env: environment(), LogFile: filepath.Join(logs, "agent.log"),
		Args: append([]string{"agent", "--id", "agent-1", "--data", logs, "--pki", r.pki, "--private-listen", ports[0],
			"--controlplane", strings.Join(urls("https://", r.private), ","), "--was-ports", port + "-" + port, "--"}, was...),
	})
	r.must(err)
	r.t.Cleanup(func() { process.Stop(5 * time.Second) })
	return process, logs
}

func (r *real) instance(name string) plan.Instance {
	r.t.Helper()
	var document opsapi.Document
	r.must(r.operator.Call(r.ctx, http.MethodGet, "/v1/plan", "", nil, &document))
	return document.Instances[name]
}

// A WAS that will not start is reported with its reason, and tried at pauses
// that grow.
func TestWASThatWillNotStartIsReported(t *testing.T) {
	r := startReal(t)
	agent, logs := r.startAgent("--no-such-flag")
	r.eventually("was-1 is reported as failing", func() bool { return r.instance("was-1").State == plan.Failing })
	if i := r.instance("was-1"); i.Detail == "" || i.Owner != "agent-1" {
		t.Errorf("nothing says why: %+v", i)
	}
	if i := r.instance("agent-1"); i.State != plan.Ready {
		t.Errorf("the agent itself: %+v", i)
	}
	starts := func() int {
		content, err := os.ReadFile(filepath.Join(logs, "was-1.log"))
		r.must(err)
		return strings.Count(string(content), "unknown flag: --no-such-flag")
	}
	before := starts()
	time.Sleep(6 * time.Second)
	if n := starts() - before; n > 6 {
		t.Errorf("%d starts in six seconds", n)
	}
	if before < 3 {
		t.Errorf("reported after %d starts", before)
	}

	// Nobody wants it any more: it is forgotten, not tried for ever.
	none := 0
	r.must(r.order(r.ctx, plan.ReplicasSet, plan.SetReplicas{Desired: &none, Min: &none}))
	r.eventually("was-1 is forgotten", func() bool { return r.instance("was-1").ID == "" })
	before = starts()
	time.Sleep(3 * time.Second)
	if n := starts() - before; n > 0 {
		t.Errorf("%d starts of a WAS nobody wants", n)
	}

	// An agent that dies is missed within seconds.
	r.must(syscall.Kill(agent.PID(), syscall.SIGKILL))
	r.eventually("the agent is forgotten", func() bool { return r.instance("agent-1").ID == "" })
}
