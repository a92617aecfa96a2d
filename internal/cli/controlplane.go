package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/leader"
	"sunbeon/controlplane/loop"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/statuspage"
	"sunbeon/internal/httpserver"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
)

// controlplaneFlags are the settings of one control-plane node.
type controlplaneFlags struct {
	id, data, pki                      string
	listen, privateListen, raftListen  string
	raftPeers, privatePeers, tokenFile string
	bootstrap                          bool
	steered                            bool
	operatorRate                       float64
	auditKeepMB                        int64
	auditArchive                       string
	steering                           string
	alsoScrape                         []string
	evening                            loop.Evening
	observability                      observability.Config
}

func newControlplaneCommand() *cobra.Command {
	var f controlplaneFlags
	cmd := &cobra.Command{
		Use:   "controlplane",
		Short: "Run one control-plane node",
		Long: `Run one node of the control plane. The nodes agree by Raft on the plan: cohorts
and timetable, serving segments, desired replicas, overrides. One of them leads,
renews the admission segments each second and opens cohorts at their hour; any
of them answers operators, gates and WAS from its own copy of the plan.

Three nodes survive the loss of one. A node keeps its log and snapshots under
--data and is started again on the same directory. --bootstrap makes the nodes
of --raft-peers a new cluster where the directories are empty; it does nothing
where they are not, so it may stay. Without it, a node with an empty directory
waits to be taken in: see ` + "`sunbeon ctl members add`" + `.

A cluster that has lost its quorum for good is recovered by a file peers.json in
the directory of a node that is left; controlplane/consensus/README.md says how.`,
		Example: `  sunbeon controlplane --id controlplane-1 --data n1 --pki pki --bootstrap \
    --listen :8805 --private-listen :8808 --raft-listen 127.0.0.1:8811 \
    --raft-peers controlplane-1=127.0.0.1:8811,controlplane-2=127.0.0.1:8812,controlplane-3=127.0.0.1:8813 \
    --private-peers controlplane-1=https://127.0.0.1:8808,controlplane-2=https://127.0.0.1:8809,controlplane-3=https://127.0.0.1:8810 \
    --operator-token-file operator.token`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runControlplane(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.id, "id", "", "name of this node, one of those in --raft-peers")
	flags.StringVar(&f.data, "data", "", "`directory` of this node's log and snapshots")
	flags.StringVar(&f.pki, "pki", "", "`directory` with ca.pem, controlplane.pem and controlplane.key")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8805", "`address` of the ops API")
	flags.StringVar(&f.privateListen, "private-listen", "127.0.0.1:8808", "`address` for the other processes (mutual TLS), metrics and health")
	flags.StringVar(&f.raftListen, "raft-listen", "127.0.0.1:8811", "`address` for the other nodes, as they know it (mutual TLS)")
	flags.StringVar(&f.raftPeers, "raft-peers", "", "id=address of the raft listener of every node, comma-separated")
	flags.StringVar(&f.privatePeers, "private-peers", "", "id=URL of the private listener of every node, comma-separated")
	flags.BoolVar(&f.bootstrap, "bootstrap", false, "found the cluster of --raft-peers where --data is empty")
	flags.StringVar(&f.tokenFile, "operator-token-file", "", "`file` with the token of the first operator")
	flags.Float64Var(&f.operatorRate, "operator-rate", 100, "requests a second one operator may send to this node; 0: any number")
	flags.Int64Var(&f.auditKeepMB, "audit-keep-mb", 4096, "how much of each packed audit journal to keep here, in megabytes; 0: all")
	flags.StringVar(&f.auditArchive, "audit-archive", "", "`directory` a packed audit file is copied to before it goes")
	flags.BoolVar(&f.steered, "steer", true, "scrape the processes and steer by what is seen; without it the configured rate and number of WAS stand")
	flags.DurationVar(&f.evening.Session, "session", 2*time.Minute, "how long an admitted person takes to book, where the learning starts")
	flags.DurationVar(&f.evening.ClaimDelay, "claim-delay", 15*time.Second, "how long after their call people claim, where the learning starts")
	flags.DurationVar(&f.evening.ColdStart, "cold-start", 45*time.Second, "how long a WAS takes from its start to full speed")
	flags.StringSliceVar(&f.evening.Resources, "resource", loop.DefaultResources, "a resource and its prior, as name:kind:visits:proved:believed:at; kind is was or backend, at the share of the session after which it is asked")
	flags.StringSliceVar(&f.alsoScrape, "also-scrape", nil, "`name=address` of a private listener to scrape beside those in the plan, with mutual TLS too")
	flags.StringVar(&f.steering, "steering", "", "JSON `file` with the whole configuration of the steering, in place of --session, --claim-delay, --cold-start and --resource")
	observe(flags, &f.observability)
	for _, name := range []string{"id", "data", "pki", "raft-peers", "private-peers", "operator-token-file"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag named here and not above
		}
	}
	return cmd
}

func (f controlplaneFlags) retention() audit.Retention {
	return audit.Retention{Bytes: f.auditKeepMB << 20, Archive: f.auditArchive}
}

func runControlplane(ctx context.Context, f controlplaneFlags) error {
	peers, err := parsePeers(f.raftPeers, f.privatePeers)
	if err != nil {
		return usageError{err}
	}
	f.observability.Process, f.observability.Instance = "controlplane", f.id
	o, err := observability.New(f.observability)
	if err != nil {
		return err
	}
	defer o.Shutdown(context.WithoutCancel(ctx))
	identity, err := pki.Load(f.pki, "controlplane")
	if err != nil {
		return err
	}
	var wheel *steeringWheel
	if f.steered {
		if wheel, err = newSteeringWheel(f, o); err != nil {
			return err
		}
	}
	journals, err := openJournals(f.data)
	if err != nil {
		return err
	}
	defer journals.close(o.Logger)
	work := &leader.Work{Steer: leader.Configured{}, Actor: f.id, Logger: o.Logger, Now: time.Now}
	wired := make(chan struct{}) // leadership may come before its work is whole
	node, err := openNode(f, peers, identity, o, journals, func(ctx context.Context, term uint64) {
		select {
		case <-wired:
			lead(work, wheel)(ctx, term)
		case <-ctx.Done():
		}
	})
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(ballast())
	o.Registry.MustRegister(node.Metrics()...)

	api, err := opsapi.New(opsapi.Config{
		Node: node, TokenFile: f.tokenFile, Version: version, Closing: ctx.Done(), Observability: o,
		Rate: f.operatorRate, DataDir: f.data, PKIDir: f.pki, Commands: journals.commands, Access: journals.access,
	})
	if err != nil {
		return errors.Join(err, node.Close())
	}
	status, err := statuspage.New(node, nil)
	if err != nil {
		return errors.Join(err, node.Close())
	}
	work.Node, work.Hindrances = node, api.Hindrances
	if wheel != nil {
		work.Steer, wheel.loop.Node = wheel.loop, node
	}
	close(wired)
	ready := func() error { return inTouch(node) }
	private := httpserver.Private(o, ready)
	api.MountPrivate(private)
	private.Handle("/internal/v1/raft/", o.Route("/internal/v1/raft/", pki.RequireRole(node.Handler(), "controlplane")))
	ops := http.NewServeMux()
	api.MountOps(ops)
	status.Mount(ops)
	for _, path := range []string{"/healthz", "/-/healthy", "/-/ready"} { // the last two as promtool asks
		ops.Handle("GET "+path, httpserver.Health(ready))
	}

	// The listeners drain before the node goes, so that a command in flight
	// still gets its answer.
	nodeCtx, stopNode := context.WithCancel(context.WithoutCancel(ctx))
	defer stopNode()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return node.Run(nodeCtx) })
	group.Go(func() error { return keepStanding(ctx, f.data) })
	group.Go(func() error { return journals.commands.KeepSynced(nodeCtx, f.retention()) })
	group.Go(func() error { return journals.access.KeepSynced(nodeCtx, f.retention()) })
	group.Go(func() error { return journals.publishHeads(ctx, node, o.Logger) })
	if wheel != nil {
		wheel.mount(ops, api)
		group.Go(func() error { return wheel.run(ctx, node, o) })
	}
	group.Go(func() error { reportInstance(ctx, node, f, o); return nil })
	group.Go(func() error {
		defer stopNode()
		return httpserver.Run(ctx, o.Logger,
			httpserver.Server{Name: "ops", Address: f.listen, Handler: ops},
			httpserver.Server{Name: "private", Address: f.privateListen, Handler: private, TLS: identity.ServerTLS()},
		)
	})
	return group.Wait()
}

// openNode opens the node, with lead as the work it does while it leads.
func openNode(f controlplaneFlags, peers []consensus.Peer, identity *pki.Identity, o *observability.Observability, journals *journals, lead func(context.Context, uint64)) (*consensus.Node, error) {
	transport, err := consensus.ListenTLS(f.raftListen, identity, o.Logger)
	if err != nil {
		return nil, err
	}
	return consensus.Open(consensus.Config{
		ID: f.id, Dir: f.data, Transport: transport, Peers: peers, Bootstrap: f.bootstrap,
		Leader: &consensus.HTTPLeader{Client: &http.Client{Transport: o.Transport(&http.Transport{
			TLSClientConfig: identity.ClientTLS(), MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second,
		})}},
		Lead:    lead,
		Journal: journals.commands,
		Logger:  o.Logger,
	})
}

// cutOff is the age of leader contact from which a node does not count as
// ready: well above an election.
const cutOff = 5 * time.Second

func inTouch(node *consensus.Node) error {
	if age := node.LeaderContact(); age > cutOff {
		return errors.New("no contact with a leader")
	}
	return nil
}

// reportInstance keeps this node known to the plan until ctx ends. A report
// that fails is made good by the next.
func reportInstance(ctx context.Context, node *consensus.Node, f controlplaneFlags, o *observability.Observability) {
	const every, soon = 5 * time.Second, 200 * time.Millisecond
	started := time.Now().UnixMilli()
	registered := false
	for {
		var c plan.Command
		var err error
		if registered {
			c, err = plan.NewCommand(plan.InstanceReport, plan.ReportInstance{ID: f.id, State: plan.Ready})
		} else {
			c, err = plan.NewCommand(plan.InstanceRegister, plan.RegisterInstance{
				ID: f.id, Kind: plan.KindControlPlane, URL: "http://" + f.listen, PrivateURL: "https://" + f.privateListen,
				Version: version, StartedMS: started, State: plan.Ready,
			})
		}
		if err == nil {
			c.Actor = f.id
			attempt, cancel := context.WithTimeout(ctx, every)
			var result plan.Result
			result, err = node.Submit(attempt, c)
			cancel()
			registered = err == nil && result.OK
		}
		if err != nil && ctx.Err() == nil {
			o.Logger.Debug("instance report", "error", err)
		}
		wait := soon
		if registered {
			wait = every
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// parsePeers joins the two lists by id, in the order of the first.
func parsePeers(raftPeers, privatePeers string) ([]consensus.Peer, error) {
	urls := map[string]string{}
	for item := range strings.SplitSeq(privatePeers, ",") {
		id, address, ok := strings.Cut(strings.TrimSpace(item), "=")
		u, err := url.Parse(address)
		if !ok || err != nil || u.Host == "" || u.Scheme != "https" {
			return nil, fmt.Errorf("--private-peers: %q is not id=https://host:port", item)
		}
		urls[id] = strings.TrimSuffix(address, "/")
	}
	var peers []consensus.Peer
	for item := range strings.SplitSeq(raftPeers, ",") {
		id, address, ok := strings.Cut(strings.TrimSpace(item), "=")
		if !ok || id == "" || address == "" {
			return nil, fmt.Errorf("--raft-peers: %q is not id=host:port", item)
		}
		if urls[id] == "" {
			return nil, fmt.Errorf("--private-peers has no URL for %q", id)
		}
		peers = append(peers, consensus.Peer{ID: id, Address: address, PrivateURL: urls[id]})
	}
	return peers, nil
}
