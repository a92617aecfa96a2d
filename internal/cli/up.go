package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"sunbeon/internal/evening"
	"sunbeon/internal/evening/staging"
	"sunbeon/tui"
)

func newUpCommand() *cobra.Command {
	began := time.Now()
	cfg := evening.Config{}
	var headless, noFault bool
	var scenario string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run a whole opening evening on this machine",
		Long: `Run the whole system on this machine as processes of its own: three
control-plane nodes, a gate, an agent with its WAS processes, and a simulator of
the upstream systems. Agree a cohort with the control plane, open it, and send
synthetic citizens through it.

Everything is kept under one data directory. Started again on the same
directory, up carries on where it stopped: plan, line and bookings are intact.
Ctrl-C stops everything in order. Kill any process you like: it is started
again, and nothing that was acknowledged is lost.

Exit status: 0 when the evening is over and its audit found nothing lost,
doubled or out of turn; 1 otherwise; 2 when called wrongly.`,
		Example: `  sunbeon up
  sunbeon up --people 20000 --open-in 5s --for 90s --report report.json
  sunbeon up --people 0                # no synthetic citizens: be the only one
  sunbeon up --scenario demonstration --data rehearsed --report report.json
  sunbeon up --headless --data /var/lib/sunbeon --port-base 9000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the own executable: %w", err)
			}
			cfg.Binary = binary
			cfg.Out = cmd.OutOrStdout()
			cfg.Terminal = !headless && isatty.IsTerminal(os.Stdout.Fd())
			cfg.StayUp = cfg.Terminal && cfg.For == 0
			cfg.Fault = cfg.Terminal && !noFault && cfg.People > 0
			if cfg.Terminal && isatty.IsTerminal(os.Stdin.Fd()) {
				cfg.Face = terminalUI(cfg.Data)
			}
			if scenario != "" {
				if err := followScenario(cmd, &cfg, scenario); err != nil {
					return usageError{err}
				}
			}
			if err := cfg.Validate(); err != nil {
				return usageError{err}
			}
			return evening.Run(cmd.Context(), cfg, began)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Data, "data", "sunbeon-data", "data `directory`, made where it is missing")
	f.IntVar(&cfg.PortBase, "port-base", 8800, "first of the forty `port`s that may be used, on the loopback address")
	f.IntVar(&cfg.People, "people", 8000, "how many synthetic citizens come; 0 for none")
	f.IntVar(&cfg.AtOnce, "at-once", 0, "let this many of them at most be on their way at once, to find how many a second the servers take; 0 for no limit")
	f.Uint64Var(&cfg.Seed, "seed", 1, "seed of the synthetic citizens, institutions and slots")
	f.DurationVar(&cfg.OpenIn, "open-in", 10*time.Second, "time from ready to the opening; until then there is a lobby")
	f.DurationVar(&cfg.For, "for", 0, "end the evening this long after the start of the process; 0 ends it when the last citizen is through (on a terminal: at Ctrl-C)")
	f.DurationVar(&cfg.Think, "think", time.Second, "a citizen's mean pause between two steps: 1s for a demonstration, 30s in earnest")
	f.StringVar(&cfg.Order, "order", "draw", "order of the lobby: draw (a lottery) or first-come")
	f.Float64Var(&cfg.Rate, "rate", 110, "admission rate to begin with, in turns per second")
	f.IntVar(&cfg.Replicas, "replicas", 2, "number of WAS processes to begin with")
	f.StringVar(&cfg.Report, "report", "", "write what came of the evening to this `file`, as JSON")
	f.StringVar(&scenario, "scenario", "", "play a scenario `file` of the simulation (or a shipped one, by name) for real, and tell how far the two are apart; it gives people, pauses, capacities and faults")
	f.BoolVar(&noFault, "no-fault", false, "do not halve the stock system's capacity in mid-evening, which a demonstration on a terminal does")
	f.BoolVar(&headless, "headless", false, "print progress line by line, as without a terminal")
	observe(f, &cfg.Observe)
	return cmd
}

// followScenario makes the evening that of a scenario.
func followScenario(cmd *cobra.Command, cfg *evening.Config, name string) error {
	for _, flag := range []string{"people", "at-once", "think", "open-in", "for", "rate", "replicas", "no-fault"} {
		if cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s is given by the scenario; leave it out", flag)
		}
	}
	scenarios, err := scenariosNamed(name)
	if err != nil {
		return err
	}
	if len(scenarios) != 1 {
		return errors.New("--scenario plays one scenario, not all")
	}
	g, err := staging.New(scenarios[0])
	if err != nil {
		return err
	}
	cfg.Fault = false
	cfg.Follow(g)
	return nil
}

// terminalUI opens the terminal UI on the system of a data directory.
func terminalUI(data string) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := operatorFlags{data: data}.client()
		if err != nil {
			return err
		}
		return tui.Run(ctx, tui.Config{Session: c})
	}
}
