// Package cli holds the commands of the sunbeon binary, one file each, and
// wires the parts of the system together. Nothing imports it but main.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// environmentPrefix stands before the name of the environment variable of
// every flag: --port-base is SUNBEON_PORT_BASE.
const environmentPrefix = "SUNBEON_"

// Main runs the command line and returns the exit status: 0 when the command
// did its work, 1 when it failed, 2 when it was called wrongly, and what its
// help says where it tells more failures apart.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	for _, cmd := range root.Commands() {
		if cmd.Name() == "ctl" { // it shows what many people wrote
			cmd.SetOut(printable{stdout})
			cmd.SetErr(printable{stderr})
		}
	}
	return tell(printable{stderr}, args, root.ExecuteContext(ctx))
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sunbeon",
		Short: "A fair line and a sure booking for a whole nation in one evening",
		Long: `Sunbeon (순번, "your turn") books a scarce appointment for a whole nation on one
evening: a waiting room that is checkably fair, a booking service behind it, and
a replicated control plane that steers both.

Start with ` + "`sunbeon up`" + `: it runs the whole system on this machine, opens a cohort
and sends synthetic citizens through it.

Every flag can also be set in the environment: --port-base is SUNBEON_PORT_BASE.
A flag on the command line wins.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := bindEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			// What has commands below it shows help, whatever flags they need.
			cmd.DisableFlagParsing = cmd.HasAvailableSubCommands()
			if err := errors.Join(cmd.ValidateRequiredFlags(), filledIn(cmd.Flags())); err != nil {
				return usageError{err}
			}
			if err := cmd.ValidateFlagGroups(); err != nil {
				return usageError{err}
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{plainly(err)} })
	root.Args = cobra.NoArgs
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newUpCommand(),
		newControlplaneCommand(),
		newGateCommand(),
		newWASCommand(),
		newAgentCommand(),
		newLegacyCommand(),
		newRushCommand(),
		newLedgerCommand(),
		newStaffCommand(),
		newBenchCommand(),
		newBreakGlassCommand(),
		newCtlCommand(),
		newTUICommand(),
		newVerifyCommand(),
		newSimulateCommand(),
		newVersionCommand(),
	)
	namesItsMistakes(root)
	return root
}

// bindEnvironment gives each flag that is not on the command line the value of
// its environment variable.
func bindEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" {
			return
		}
		name := environmentPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value, ok := lookup(name); ok {
			if err := flags.Set(f.Name, value); err != nil {
				errs = append(errs, usageError{fmt.Errorf("%s=%q: %w", name, value, plainly(err))})
			}
		}
	})
	return errors.Join(errs...)
}

// filledIn refuses required flags that say nothing, as --to "$FILE" does where
// FILE is not set.
func filledIn(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Annotations[cobra.BashCompOneRequiredFlag] != nil && strings.TrimSpace(f.Value.String()) == "" {
			errs = append(errs, fmt.Errorf("--%s is empty", f.Name))
		}
	})
	return errors.Join(errs...)
}

// plainly says in plain words why a value was not understood. A negative number
// reads as a flag.
func plainly(err error) error {
	if _, word, ok := strings.Cut(err.Error(), "' in -"); ok && strings.IndexAny(word, ".0123456789") == 0 {
		return fmt.Errorf("-%s: no value here is negative", word)
	}
	switch what, why, _ := strings.Cut(err.Error(), ": strconv."); {
	case strings.HasPrefix(why, "ParseBool"):
		return fmt.Errorf("%s: it is true or false", what)
	case strings.HasPrefix(why, "ParseInt"), strings.HasPrefix(why, "ParseUint"):
		return fmt.Errorf("%s: it takes a whole number", what)
	case why != "":
		return fmt.Errorf("%s: it takes a number", what)
	}
	return err
}

// namesItsMistakes makes wrong arguments of a command and all below it mistakes
// in the call, and so a command that there is not.
func namesItsMistakes(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > 0 && cmd.HasSubCommands():
			err := fmt.Errorf("unknown command %q of %q", args[0], cmd.CommandPath())
			cmd.SuggestionsMinimumDistance = 2
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				err = fmt.Errorf("%w: did you mean %q?", err, like[0])
			}
			return usageError{err}
		case check == nil:
			return nil
		}
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
	if cmd.Run == nil && cmd.RunE == nil {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, below := range cmd.Commands() {
		namesItsMistakes(below)
	}
}
