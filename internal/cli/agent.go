package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/actuator"
	"sunbeon/controlplane/agent"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/httpserver"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
)

type agentOptions struct {
	id, data, logs, pki, private, ports string
	controlplane                        []string
	drain                               time.Duration
	was                                 []string
	observability                       observability.Config
}

func newAgentCommand() *cobra.Command {
	var opt agentOptions
	cmd := &cobra.Command{
		Use:   "agent [flags] -- [flags of every was]",
		Short: "Run the booking servers of this machine, as many as the plan wants",
		Long: `Follow the plan and keep as many booking servers (WAS) running on this machine
as it wants: was-1 on the first port of --was-ports, was-2 on the next, and so
on. A server that dies is started again; one that will not stay up is reported.
Without a control plane the agent keeps to the last word it heard.

What stands after -- is handed to every booking server:

  sunbeon agent --data D/agent --pki D/pki --controlplane https://127.0.0.1:8808 \
      --was-ports 8814-8839 -- --pki D/pki --keys D/keys --ledger sqlite:D/ledger/ledger.db …`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash > 0 || dash < 0 && len(args) > 0 {
				return usageError{errors.New("arguments for the booking servers go after --")}
			}
			opt.was = args
			return runAgent(cmd.Context(), opt)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.id, "id", "agent-1", "name of this agent, its own on every machine")
	flags.StringVar(&opt.data, "data", "", "directory for pid files and the plan last heard of")
	flags.StringVar(&opt.logs, "logs", "", "directory for the booking servers' logs (default the data directory)")
	flags.StringVar(&opt.pki, "pki", "", "directory with the certificates")
	flags.StringVar(&opt.private, "private-listen", "127.0.0.1:8804", "address of the private listener (mutual TLS)")
	flags.StringSliceVar(&opt.controlplane, "controlplane", nil, "private URLs of the control-plane nodes, separated by commas")
	flags.StringVar(&opt.ports, "was-ports", "8814-8839", "ports of the booking servers, first-last")
	flags.DurationVar(&opt.drain, "drain", 6*time.Second, "how long a booking server may take to end before it is killed")
	observe(flags, &opt.observability)
	for _, name := range []string{"data", "pki", "controlplane"} {
		cmd.MarkFlagRequired(name)
	}
	return cmd
}

func parsePortRange(text string) (first, last int, err error) {
	from, to, ok := strings.Cut(text, "-")
	if ok {
		first, err = strconv.Atoi(from)
	}
	if ok && err == nil {
		last, err = strconv.Atoi(to)
	}
	if !ok || err != nil {
		return 0, 0, usageError{fmt.Errorf("--was-ports %q: want first-last, such as 8814-8839", text)}
	}
	return first, last, nil
}

func runAgent(ctx context.Context, opt agentOptions) error {
	first, last, err := parsePortRange(opt.ports)
	if err != nil {
		return err
	}
	if opt.logs == "" {
		opt.logs = opt.data
	}
	opt.observability.Process, opt.observability.Instance = "agent", opt.id
	o, err := observability.New(opt.observability)
	if err != nil {
		return err
	}
	defer o.Shutdown(context.WithoutCancel(ctx))
	identity, err := pki.Load(opt.pki, "agent")
	if err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own binary: %w", err)
	}
	lock, err := agent.Acquire(opt.data)
	if err != nil {
		return err
	}
	defer lock.Release()
	controlplane, err := client.New(client.Config{
		Addresses: opt.controlplane,
		TLS:       identity.ClientTLS(),
		CacheFile: filepath.Join(opt.data, "plan.json"),
		Topics:    []plan.Topic{plan.TopicReplicas, plan.TopicOverrides},
		Transport: o.Transport,
		Logger:    o.Logger,
	})
	if err != nil {
		return err
	}
	pool, err := agent.NewPool(agent.PoolConfig{
		Path: binary, Args: opt.was, Env: os.Environ(),
		FirstPort: first, LastPort: last,
		Dir: opt.data, Logs: opt.logs, Grace: opt.drain,
		Registry: o.Registry, Logger: o.Logger,
	})
	if err != nil {
		return err
	}
	follower := actuator.NewFollower(actuator.Config{Scaler: pool, Registry: o.Registry, Logger: o.Logger, Now: time.Now})
	reporter := agent.NewReporter(agent.ReporterConfig{
		ID: opt.id, PrivateURL: "https://" + opt.private, Version: version,
		Processes: pool.Processes, ControlPlane: controlplane, Logger: o.Logger,
	})

	private := httpserver.Private(o, func() error {
		if _, heard := follower.Last(); !heard {
			return errors.New("no plan heard of yet")
		}
		return nil
	})
	private.Handle("GET /v1/processes", o.Route("GET /v1/processes", pki.RequireRole(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			json.NewEncoder(w).Encode(pool.Processes())
		}), "controlplane", "operator")))

	// The servers stay up while the processes drain, and the last report tells
	// of a pool that is empty.
	group, running := errgroup.WithContext(ctx)
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	group.Go(func() error {
		return httpserver.Run(serving, o.Logger, httpserver.Server{
			Name: "agent private", Address: opt.private, Handler: private, TLS: identity.ServerTLS(),
		})
	})
	group.Go(func() error {
		defer stopServing()
		reporting, stopReporting := context.WithCancel(context.WithoutCancel(ctx))
		var reports errgroup.Group
		reports.Go(func() error { reporter.Run(reporting); return nil })
		pool.Run(running)
		stopReporting()
		return reports.Wait()
	})
	probe := &agent.Probe{
		Pool: pool, Every: 3 * time.Second, Misses: 3, Logger: o.Logger,
		Answers: agent.HealthOf(&http.Client{Transport: &http.Transport{
			TLSClientConfig: identity.ClientTLS(), IdleConnTimeout: 30 * time.Second,
		}}),
	}
	group.Go(func() error { probe.Run(running); return nil })
	group.Go(func() error {
		// Even a control plane that turns the agent away must not take the
		// booking servers down.
		for running.Err() == nil {
			err := controlplane.Watch(running, func(v client.View) { follower.Follow(running, v.Plan) })
			if running.Err() == nil {
				o.Logger.Error("follow the plan", "error", err)
			}
			select {
			case <-running.Done():
			case <-time.After(5 * time.Second):
			}
		}
		return nil
	})
	return group.Wait()
}
