package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/twin"
)

// trials is how many sets of parameters are drawn, and as many changes of the best
// made after them.
const trials = 60

// search repeats the search for a baseline's parameters.
func search(cmd *cobra.Command, name string, asJSON bool) error {
	if !slices.Contains(twin.Tunable(), name) {
		return usageError{fmt.Errorf("nothing to tune in %q; there are %s", name, strings.Join(twin.Tunable(), ", "))}
	}
	out, progress := cmd.OutOrStdout(), progressOn(cmd.ErrOrStderr())
	best, err := twin.Tune(cmd.Context(), name, trials, 1, func(done, all int, trial, best twin.Trial) {
		if done == 1 && !asJSON {
			progress.clear()
			fmt.Fprintf(out, "what it has\t%.3f\n", trial.Score)
		}
		progress.show("%d of %d trials, best %.3f", done, all, best.Score)
	})
	progress.clear()
	if err != nil {
		return fmt.Errorf("tune %s: %w", name, err)
	}
	if !asJSON {
		fmt.Fprintf(out, "best of all\t%.3f\n", best.Score)
	}
	return json.NewEncoder(out).Encode(best)
}
