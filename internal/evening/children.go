package evening

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"sunbeon/internal/supervise"
)

// child is one process of the evening and where its health is asked.
type child struct {
	spec    supervise.Spec
	private string // URL of its private listener
}

// stages lists the processes in the order they start; they stop in reverse, a
// stage at a time, so that nobody loses those it depends on before it has
// finished. The control plane comes first because everyone follows it.
func (s *system) stages() [][]child {
	var controlplane []child
	for i := range nodes {
		controlplane = append(controlplane, s.controlplane(i))
	}
	return [][]child{controlplane, {s.legacy(), s.gate()}, {s.agent()}}
}

func (s *system) controlplane(i int) child {
	id := fmt.Sprintf("controlplane-%d", i+1)
	var raft, private []string
	for n := range nodes {
		peer := fmt.Sprintf("controlplane-%d=", n+1)
		raft = append(raft, peer+s.ports.address(portRaft+n))
		private = append(private, peer+s.ports.private(portControlplane+n))
	}
	return s.child(id, portControlplane+i, append([]string{
		"controlplane",
		"--id", id,
		"--data", s.dir.join(id),
		"--pki", s.dir.join("pki"),
		"--listen", s.ports.address(portOps + i),
		"--private-listen", s.ports.address(portControlplane + i),
		"--raft-listen", s.ports.address(portRaft + i),
		"--raft-peers", strings.Join(raft, ","),
		"--private-peers", strings.Join(private, ","),
		"--bootstrap",
		"--operator-token-file", s.dir.join(tokenFile),
		"--also-scrape", "legacy=" + s.ports.address(portLegacyPrivate),
	}, s.prior()...)...)
}

// prior is what the steering is told beforehand.
func (s *system) prior() []string {
	if s.cfg.Staging != nil {
		return []string{"--steering", s.dir.join("scenario", "steering.json")}
	}
	return []string{
		"--session", s.session().String(),
		"--claim-delay", s.claimDelay().String(),
		"--cold-start", localColdStart.String(),
	}
}

// localColdStart is how long a WAS on this machine takes to full speed.
const localColdStart = 2 * time.Second

// session is how long a synthetic citizen takes from the pass to the end: five
// steps up to the booking, which come late in it, and a look at it afterwards.
func (s *system) session() time.Duration { return 8*s.cfg.Think + time.Second }

// claimDelay is how long one takes from the call to the pass: the next poll.
func (s *system) claimDelay() time.Duration { return s.cfg.Think + 2*time.Second }

func (s *system) legacy() child {
	return s.child("legacy", portLegacyPrivate, append([]string{
		"legacy",
		"--listen", s.ports.address(portLegacy),
		"--private-listen", s.ports.address(portLegacyPrivate),
		"--pki", s.dir.join("pki"),
		"--data", s.dir.join("legacy"),
	}, s.capacities()...)...)
}

func (s *system) gate() child {
	return s.child("gate", portGatePrivate, "gate",
		"--id", "gate-1",
		"--data", s.dir.join("gate"),
		"--pki", s.dir.join("pki"),
		"--keys", s.dir.join("keys"),
		"--listen", s.ports.address(portCitizen),
		"--private-listen", s.ports.address(portGatePrivate),
		"--neighbours", s.dir.join("sockets"),
		"--controlplane", s.controlplanes(),
		"--issuer", s.ports.public(portLegacy))
}

func (s *system) agent() child {
	return s.child("agent", portAgent, "agent",
		"--id", "agent-1",
		"--data", s.dir.join("agent"),
		"--logs", s.dir.join("logs"),
		"--pki", s.dir.join("pki"),
		"--private-listen", s.ports.address(portAgent),
		"--controlplane", s.controlplanes(),
		"--was-ports", s.ports.was(),
		"--",
		"--pki", s.dir.join("pki"),
		"--keys", s.dir.join("keys"),
		"--neighbours", s.dir.join("sockets"),
		"--ledger", "sqlite:"+s.ledgerFile(),
		"--controlplane", s.controlplanes(),
		"--legacy", s.ports.private(portLegacyPrivate),
		"--passes", s.ports.private(portGatePrivate)+"/.well-known/jwks.json")
}

func (s *system) ledgerFile() string { return s.dir.join("ledger", "ledger.db") }

// controlplanes are the private addresses that processes follow the plan at.
func (s *system) controlplanes() string {
	return strings.Join(s.each(portControlplane, s.ports.private), ",")
}

// each lists an address of every control-plane node.
func (s *system) each(first int, address func(int) string) []string {
	list := make([]string, nodes)
	for i := range list {
		list[i] = address(first + i)
	}
	return list
}

func (s *system) child(name string, privatePort int, args ...string) child {
	return child{
		spec: supervise.Spec{
			Name: name, Path: s.cfg.Binary, Args: args,
			Env: s.environment(), LogFile: s.dir.join("logs", name+".log"),
		},
		private: s.ports.private(privatePort),
	}
}

// environment is what children inherit: not the SUNBEON_ variables, which were
// meant for `up` and would mean something else to them, but where their logs
// and traces go. The agent hands it on to the WAS processes.
func (s *system) environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SUNBEON_") {
			kept = append(kept, variable)
		}
	}
	return append(kept,
		"SUNBEON_LOG_LEVEL="+s.cfg.Observe.LogLevel,
		"SUNBEON_OTLP_ENDPOINT="+s.cfg.Observe.OTLPEndpoint,
		"SUNBEON_TRACE_SHARE="+strconv.FormatFloat(s.cfg.Observe.TraceShare, 'g', -1, 64),
		"SUNBEON_LOKI_URL="+s.cfg.Observe.LokiURL)
}
