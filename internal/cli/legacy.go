package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sunbeon/internal/httpserver"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/reservation/upstream/legacy"
)

type legacyOptions struct {
	listen, private, pki, issuer string
	simulator                    legacy.Config
	observability                observability.Config
}

func newLegacyCommand() *cobra.Command {
	var opt legacyOptions
	cmd := &cobra.Command{
		Use:   "legacy",
		Short: "Simulate the upstream systems: identity, eligibility, stock",
		Long: `Simulate the systems Sunbeon depends on and cannot scale. Requests really wait
for a worker and for their share of the capacity, and past saturation the
systems slow down. Never part of a real deployment.

The public listener is the OIDC issuer for synthetic persons and takes faults;
its page says more:

  curl -X PUT http://127.0.0.1:8802/faults -d '{"capacity_factor":0.5}'
  curl -X PUT http://127.0.0.1:8802/faults -d '{"stock":{"stall":true}}'
  curl -X PUT http://127.0.0.1:8802/faults -d '{}'

The private listener adds eligibility and stock for WAS processes, and metrics.
With --data the issuer's key and the reservations outlive a restart.`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.listen, "listen", "127.0.0.1:8802", "address of the public listener (plain HTTP)")
	flags.StringVar(&opt.private, "private-listen", "127.0.0.1:8803", "address of the private listener (mutual TLS)")
	flags.StringVar(&opt.pki, "pki", "", "directory with the certificates")
	flags.StringVar(&opt.issuer, "issuer", "", "URL the issuer names itself by (default http:// and the public address)")
	observe(flags, &opt.observability)
	flags.StringVar(&opt.simulator.Dir, "data", "", "directory for the issuer's key and the reservations; empty keeps neither")
	flags.Float64Var(&opt.simulator.Roster.VaccinatedShare, "vaccinated-share", 0.02, "share of persons the register refuses as vaccinated already")
	flags.IntVar(&opt.simulator.Roster.MinimumAge, "minimum-age", 12, "age in full years below which nobody is eligible")
	flags.IntVar(&opt.simulator.DosesPerInstitution, "doses-per-institution", 0, "doses each institution has of each vaccine; 0 is no bound")
	flags.Uint64Var(&opt.simulator.Seed, "seed", 1, "seed of the chance by which requests vary and fail")
	profiles := bindProfiles(flags)
	cmd.MarkFlagRequired("pki")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opt.simulator.Profiles = profiles()
		return runLegacy(cmd.Context(), opt)
	}
	return cmd
}

// bindProfiles makes the flags of every system's profile; the function it
// returns reads them once the command line is parsed.
func bindProfiles(flags *pflag.FlagSet) func() map[string]legacy.Profile {
	defaults := legacy.Defaults()
	bound := map[string]*legacy.Profile{}
	for _, system := range legacy.Systems {
		p := defaults[system]
		bound[system] = &p
		flags.Float64Var(&p.Capacity, system+"-capacity", p.Capacity, "requests a second "+system+" can do at best")
		flags.DurationVar(&p.ServiceTime, system+"-service-time", p.ServiceTime, "time of one request when idle")
		flags.DurationVar(&p.Jitter, system+"-jitter", p.Jitter, "how far that time varies either way")
		flags.IntVar(&p.Workers, system+"-workers", p.Workers, "requests worked on at once; 0 is enough for the capacity")
		flags.IntVar(&p.Queue, system+"-queue", p.Queue, "requests that may wait; 0 is ten seconds of capacity, -1 no bound")
		flags.IntVar(&p.Saturation, system+"-saturation", p.Saturation, "requests in flight beyond which capacity falls; 0 is half a second of capacity")
		flags.Float64Var(&p.Collapse, system+"-collapse", p.Collapse, "how steeply it falls: divided by 1+this at twice the saturation")
	}
	return func() map[string]legacy.Profile {
		profiles := make(map[string]legacy.Profile, len(bound))
		for system, p := range bound {
			profiles[system] = *p
		}
		return profiles
	}
}

func runLegacy(ctx context.Context, opt legacyOptions) error {
	opt.observability.Process, opt.observability.Instance = "legacy", "legacy-1"
	o, err := observability.New(opt.observability)
	if err != nil {
		return err
	}
	defer o.Shutdown(context.WithoutCancel(ctx))
	identity, err := pki.Load(opt.pki, "legacy")
	if err != nil {
		return err
	}
	if dir := opt.simulator.Dir; dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
	}
	if opt.issuer == "" {
		opt.issuer = "http://" + opt.listen
	}
	opt.simulator.IssuerURL = opt.issuer
	opt.simulator.Registry, opt.simulator.Logger = o.Registry, o.Logger
	simulator, err := legacy.New(opt.simulator)
	if err != nil {
		return err
	}
	defer simulator.Close()

	// When ctx ends the simulator lets go of whoever waits in a queue, or the
	// servers could not drain.
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { simulator.Run(ctx) })
	defer running.Wait()
	defer cancel()

	defer runtime.KeepAlive(ballast())
	ready := func() error { return nil }
	private := httpserver.Private(o, ready)
	simulator.Mount(private, o.Route)
	return httpserver.Run(ctx, o.Logger,
		httpserver.Server{Name: "legacy", Address: opt.listen, Handler: simulator.Public(o.Route, httpserver.Health(ready))},
		httpserver.Server{Name: "legacy private", Address: opt.private, Handler: private, TLS: identity.ServerTLS()},
	)
}
