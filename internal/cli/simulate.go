package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/twin"
)

func newSimulateCommand() *cobra.Command {
	var controller, plot, tune string
	var seeds int
	var asJSON, list bool
	var live rehearsal
	cmd := &cobra.Command{
		Use:   "simulate SCENARIO.yaml|NAME|all",
		Short: "Play an evening in virtual time and score who steers it best",
		Long: `Play an evening in virtual time, with the same steering code that runs in
production and with the controllers it has to beat: a fixed rate, AIMD,
Gradient2, PI, an autoscaler alone, and a clairvoyant that knows the present
capacities. The argument is a scenario file, the name of a shipped scenario, or
"all" for every shipped one; --list names them. random-N and storm-N make up an
evening that nobody has seen; the same number gives the same one. The file format,
the plant and the definition of every figure are in controlplane/twin/SCENARIOS.md.

With --tune it repeats the search that gave a baseline its parameters, as
controlplane/twin/TUNING.md shows it: some minutes, and the last line is the best.

With --live it rehearses tonight: the people who wait on a running system or are
inside, and the capacities and habits its steering has learned or was told. It answers when
everybody will have booked, how many WAS that takes, and what if a system has
half its capacity.`,
		Example: `  sunbeon simulate half-stock --plot half-stock.html
  sunbeon simulate all --controller cascade --seeds 1
  sunbeon simulate storm-26 --seeds 1
  sunbeon simulate --tune pi
  sunbeon simulate --live --data sunbeon-data --expect 20000 --expect-over 10m
  sunbeon simulate --live --what-if stock=0.5,eligibility=0.2 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case live.live && (list || len(args) > 0):
				return usageError{errors.New("--live rehearses a running system and takes no scenario")}
			case tune != "" && (live.live || list || len(args) > 0):
				return usageError{errors.New("--tune has its own evenings and takes no scenario")}
			case tune != "":
				return nil
			case list && len(args) == 0 || live.live || len(args) == 1:
				return nil
			}
			return usageError{errors.New("simulate takes one scenario, or --live")}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if live.live {
				return interruptible(cmd, live.run(cmd, asJSON))
			}
			out := cmd.OutOrStdout()
			if tune != "" {
				return interruptible(cmd, search(cmd, tune, asJSON))
			}
			if list {
				return listScenarios(out)
			}
			names, err := controllersNamed(controller)
			if err != nil {
				return usageError{err}
			}
			if seeds < 1 {
				return usageError{fmt.Errorf("--seeds must be at least 1, is %d", seeds)}
			}
			if err := drawable(plot, args[0]); err != nil {
				return usageError{err}
			}
			scenarios, err := scenariosNamed(args[0])
			if err != nil {
				return err
			}
			var scores []twin.Scoreboard
			for _, s := range scenarios {
				score, err := twin.Score(cmd.Context(), s, names, seeds, twin.DefaultTuning())
				if err != nil {
					return interruptible(cmd, fmt.Errorf("simulate %s: %w", s.Name, err))
				}
				if !asJSON {
					printScore(out, score)
				}
				scores = append(scores, score)
			}
			if plot != "" {
				if err := plotRuns(cmd.Context(), plot, scenarios[0], names); err != nil {
					return err
				}
			}
			if asJSON {
				return writeScores(out, scores)
			}
			if len(scores) > 1 {
				printSummary(out, scores, names)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&controller, "controller", "all", "controller to play: "+strings.Join(twin.Names(), ", ")+", or all")
	flags.IntVar(&seeds, "seeds", 3, "evenings to play of each; the figures are over all of them")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.StringVar(&plot, "plot", "", "draw the first evening into `FILE`, .html or .png")
	flags.BoolVar(&list, "list", false, "name the shipped scenarios")
	flags.StringVar(&tune, "tune", "", "search the parameters of a baseline: "+strings.Join(twin.Tunable(), ", "))
	live.bind(flags)
	return cmd
}

// interruptible names a Ctrl-C as the cause of what it ended.
func interruptible(cmd *cobra.Command, err error) error {
	if err != nil && cmd.Context().Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// drawable says before anything is played what --plot could not write.
func drawable(file, scenario string) error {
	extension := filepath.Ext(file)
	switch {
	case file == "":
		return nil
	case scenario == "all":
		return errors.New("--plot draws one scenario, not all")
	case extension != ".html" && extension != ".png":
		return fmt.Errorf("--plot writes .html or .png, not %q", file)
	}
	return nil
}

func controllersNamed(name string) ([]string, error) {
	all := twin.Names()
	if name == "all" {
		return all, nil
	}
	if !slices.Contains(all, name) {
		return nil, fmt.Errorf("unknown controller %q; there are %s and all", name, strings.Join(all, ", "))
	}
	return []string{name}, nil
}

// scenariosNamed reads a file if there is one of that name, else the library.
func scenariosNamed(name string) ([]*twin.Scenario, error) {
	if name == "all" {
		var out []*twin.Scenario
		for _, shipped := range twin.Library() {
			s, err := twin.Shipped(shipped)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) && filepath.Ext(name) == "" {
		if made := madeUp(name); made != nil {
			return []*twin.Scenario{made}, nil
		}
		s, err := twin.Shipped(name)
		return []*twin.Scenario{s}, err
	}
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	s, err := twin.Read(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return []*twin.Scenario{s}, nil
}

// madeUp is the evening called random-N or storm-N, nil for other names.
func madeUp(name string) *twin.Scenario {
	kind, digits, _ := strings.Cut(name, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil:
		return nil
	case kind == "random":
		return twin.Random(number)
	case kind == "storm":
		return twin.Storm(number)
	}
	return nil
}

func listScenarios(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range twin.Library() {
		s, err := twin.Shipped(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\n", name, s.Summary)
	}
	return w.Flush()
}

func printScore(out io.Writer, score twin.Scoreboard) {
	fmt.Fprintf(out, "%s\n", score.Scenario)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tgoodput\tfailed\theld\tp99 s\tconverges s\tdiscovers s\tacts/h\treversals\tovershoot\tunsafe\treplica h\t")
	for _, name := range twin.Names() {
		r, ok := score.Controllers[name]
		if !ok {
			continue
		}
		fmt.Fprintf(w, "  %s\t%.3f\t%.2f %%\t%.1f %%\t%.2f\t%s\t%s\t%.0f\t%.1f\t%.2f\t%.0f\t%.1f\t\n", name,
			r.Ratio, 100*r.Failed, 100*r.Held, r.P99, orDash(r.Convergence), orDash(r.Discovery),
			r.Actuations, r.Reversals, r.Overshoot, r.Unsafe, r.ReplicaHours)
	}
	w.Flush()
	fmt.Fprintln(out)
}

func orDash(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f", *v)
}

// printSummary tells the mean goodput of each controller, and the scenarios in
// which ours is behind where it should be.
func printSummary(out io.Writer, scores []twin.Scoreboard, names []string) {
	fmt.Fprintln(out, "mean goodput ÷ the clairvoyant's")
	for _, name := range names {
		sum := 0.0
		for _, s := range scores {
			sum += s.Controllers[name].Ratio
		}
		fmt.Fprintf(out, "  %-12s %.3f\n", name, sum/float64(len(scores)))
	}
	for _, s := range scores {
		for _, loss := range s.Losses() {
			fmt.Fprintf(out, "  %s: %s\n", s.Scenario, loss)
		}
	}
}

func writeScores(out io.Writer, scores []twin.Scoreboard) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if len(scores) == 1 {
		return e.Encode(scores[0])
	}
	return e.Encode(scores)
}

// plotRuns draws the first seed's evening under each controller.
func plotRuns(ctx context.Context, file string, s *twin.Scenario, names []string) error {
	runs := map[string]*twin.Run{}
	for _, name := range names {
		run, err := twin.Simulate(ctx, s, name, 1, twin.DefaultTuning())
		if err != nil {
			return fmt.Errorf("plot %s: %w", name, err)
		}
		runs[name] = run
	}
	var page bytes.Buffer
	if err := twin.Plot(&page, s, names, runs); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	if filepath.Ext(file) == ".png" {
		return photograph(page.Bytes(), file)
	}
	return os.WriteFile(file, page.Bytes(), 0o644)
}
