package cli

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

// maxRate is more than anybody can mean, in turns per second.
const maxRate = 1e6

// milli turns a number of turns per second into thousandths.
func milli(rate float64) int64 { return int64(math.Round(rate * 1000)) }

func (t *ctl) admission() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admission",
		Short: "Show how fast people are let in; configure it",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var a opsapi.AdmissionStatus
			if shown, err := t.get(cmd, "/v1/admission", &a); shown || err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			c := a.Configured
			fmt.Fprintf(w, "now         %s over all open cohorts\n", figures.Rate(a.RateMilli))
			fmt.Fprintf(w, "configured  %s within %s and %s, mode %s\n", figures.Rate(c.RateMilli), figures.Rate(c.MinMilli), figures.Rate(c.MaxMilli), c.Mode)
			fmt.Fprintf(w, "cut off     decays to %s with a time constant of %s\n", figures.Rate(c.FloorMilli), time.Duration(c.TauMS)*time.Millisecond)
			if o := a.Override; o != nil {
				fmt.Fprintf(w, "override    %s by %s until %s: %s\n", figures.Rate(o.Value), o.Owner, figures.Clock(o.UntilMS, time.Local), o.Reason)
			}
			for _, h := range a.Holds {
				fmt.Fprintf(w, "on hold     %s by %s since %s: %s\n", h.Scope, h.Owner, figures.Clock(h.SinceMS, time.Local), h.Reason)
			}
			printFreeze(cmd, a.Freeze)
			return nil
		},
	}
	set := &cobra.Command{
		Use:   "set",
		Short: "Change the unsteered rate, the bounds, the decay or the mode",
		Long: `Change how admission is configured; what is not named stays. Rates are turns per
second. The bounds hold for steering and overrides alike.

Modes: off (nothing by itself), advise (decreases only, increases are proposed),
approve (increases wait for an operator), auto.`,
		Example: `  sunbeon ctl admission set --max 200 --reason "stock was tested to 200/s"`,
		Args:    exactly(0),
	}
	flags := set.Flags()
	rates := map[string]*float64{
		"rate_milli":  flags.Float64("rate", 0, "the rate while nothing steers"),
		"min_milli":   flags.Float64("min", 0, "lowest rate"),
		"max_milli":   flags.Float64("max", 0, "highest rate"),
		"floor_milli": flags.Float64("floor", 0, "the rate gates decay to when cut off"),
	}
	names := map[string]string{"rate_milli": "rate", "min_milli": "min", "max_milli": "max", "floor_milli": "floor"}
	tau := flags.Duration("tau", 0, "time constant of the decay")
	mode := flags.String("mode", "", "off, advise, approve or auto")
	reason := reasonFlag(set)
	set.RunE = func(cmd *cobra.Command, _ []string) error {
		body := map[string]any{"reason": *reason}
		for member, rate := range rates {
			if flags.Changed(names[member]) {
				if !(*rate >= 0 && *rate <= maxRate) {
					return usageError{fmt.Errorf("--%s %v is not a rate in turns per second", names[member], *rate)}
				}
				body[member] = milli(*rate)
			}
		}
		if flags.Changed("tau") {
			body["tau_ms"] = tau.Milliseconds()
		}
		if flags.Changed("mode") {
			body["mode"] = *mode
		}
		if len(body) == 1 {
			return usageError{errors.New("name what to change")}
		}
		return t.change(cmd, http.MethodPatch, "/v1/admission", body, "admission configured")
	}
	cmd.AddCommand(set)
	return cmd
}

func (t *ctl) override() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "override",
		Short: "List overrides; set one, or hand an actuator back",
		Long: `An override is an operator's value for an actuator. It beats steering until it
expires; the controller tracks it meanwhile, so that handing back is smooth.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list opsapi.Overrides
			if shown, err := t.get(cmd, "/v1/overrides", &list); shown || err != nil {
				return err
			}
			rows := [][]string{{"TARGET", "VALUE", "BY", "UNTIL", "REASON"}}
			for _, o := range list.Overrides {
				value := strconv.FormatInt(o.Value, 10)
				if o.Target == plan.TargetAdmission {
					value = figures.Rate(o.Value)
				}
				rows = append(rows, []string{o.Target, value, o.Owner, figures.Clock(o.UntilMS, time.Local), o.Reason})
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	set := &cobra.Command{
		Use:   "set admission|replicas VALUE",
		Short: "Set an actuator's value until an expiry",
		Example: `  sunbeon ctl override set admission 40 --for 10m --reason "stock answers slowly"
  sunbeon ctl override set replicas 6 --for 1h --reason "test of the new image"`,
		Args: exactly(2),
	}
	lasting, reason := lastingFlag(set), reasonFlag(set)
	set.RunE = func(cmd *cobra.Command, args []string) error {
		value, err := overrideValue(args[0], args[1])
		if err != nil {
			return usageError{err}
		}
		return t.change(cmd, http.MethodPut, "/v1/overrides/"+url.PathEscape(args[0]),
			map[string]any{"value": value, "reason": *reason, "for_ms": lasting.Milliseconds()},
			fmt.Sprintf("%s overridden with %s for %s", args[0], args[1], *lasting))
	}
	clear := &cobra.Command{Use: "clear admission|replicas", Short: "Hand an actuator back to steering", Args: exactly(1)}
	why := reasonFlag(clear)
	clear.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodDelete, "/v1/overrides/"+url.PathEscape(args[0])+because(*why), nil, args[0]+" handed back")
	}
	cmd.AddCommand(set, clear)
	return cmd
}

// overrideValue reads turns per second for admission and a whole number of
// processes otherwise.
func overrideValue(target, text string) (int64, error) {
	if target != plan.TargetAdmission {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%q is not a number of processes", text)
		}
		return n, nil
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate >= 0 && rate <= maxRate) {
		return 0, fmt.Errorf("%q is not a rate in turns per second", text)
	}
	return milli(rate), nil
}

func because(reason string) string { return "?reason=" + url.QueryEscape(reason) }

func (t *ctl) hold() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold [COHORT]",
		Short: "Stop admission at once, for one cohort or all",
		Long: `Stop calling turns at once, for one cohort or for all. Everyone keeps their
place; those already called can still claim and book.`,
		Args: atMost(1),
	}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		scope := scopeOf(args)
		return t.change(cmd, http.MethodPut, "/v1/holds/"+url.PathEscape(scope), map[string]any{"reason": *reason}, scope+" on hold")
	}
	return cmd
}

func (t *ctl) release() *cobra.Command {
	cmd := &cobra.Command{Use: "release [COHORT]", Short: "Let admission go on after a hold", Args: atMost(1)}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		scope := scopeOf(args)
		return t.change(cmd, http.MethodDelete, "/v1/holds/"+url.PathEscape(scope)+because(*reason), nil, scope+" released")
	}
	return cmd
}

func (t *ctl) freeze() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "freeze [admission|replicas]",
		Short: "Keep the controllers from changing anything but downwards",
		Args:  atMost(1),
	}
	lasting, reason := lastingFlag(cmd), reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		scope := scopeOf(args)
		return t.change(cmd, http.MethodPut, "/v1/freezes/"+url.PathEscape(scope),
			map[string]any{"reason": *reason, "for_ms": lasting.Milliseconds()}, fmt.Sprintf("%s frozen for %s", scope, *lasting))
	}
	return cmd
}

func (t *ctl) unfreeze() *cobra.Command {
	cmd := &cobra.Command{Use: "unfreeze [admission|replicas]", Short: "Let the controllers steer again", Args: atMost(1)}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		scope := scopeOf(args)
		return t.change(cmd, http.MethodDelete, "/v1/freezes/"+url.PathEscape(scope)+because(*reason), nil, scope+" steered again")
	}
	return cmd
}

func scopeOf(args []string) string {
	if len(args) == 0 {
		return plan.All
	}
	return args[0]
}

func (t *ctl) replicas() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replicas",
		Short: "Show how many WAS run; change how many should",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var r opsapi.ReplicasStatus
			if shown, err := t.get(cmd, "/v1/replicas", &r); shown || err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			c := r.Configured
			fmt.Fprintf(w, "WAS         %d ready of %d running\n", r.Ready, r.Registered)
			fmt.Fprintf(w, "configured  %d within %d and %d, mode %s\n", c.Desired, c.Min, c.Max, c.Mode)
			if o := r.Override; o != nil {
				fmt.Fprintf(w, "override    %d by %s until %s: %s\n", o.Value, o.Owner, figures.Clock(o.UntilMS, time.Local), o.Reason)
			}
			printFreeze(cmd, r.Freeze)
			return nil
		},
	}
	set := &cobra.Command{Use: "set", Short: "Change the desired number, its bounds or the mode", Args: exactly(0)}
	flags := set.Flags()
	desired, low, high := flags.Int("desired", 0, "how many should run"), flags.Int("min", 0, "fewest"), flags.Int("max", 0, "most")
	mode := flags.String("mode", "", "off, advise, approve or auto")
	reason := reasonFlag(set)
	set.RunE = func(cmd *cobra.Command, _ []string) error {
		body := map[string]any{}
		flags.Visit(func(f *pflag.Flag) {
			switch f.Name {
			case "desired":
				body["desired"] = *desired
			case "min":
				body["min"] = *low
			case "max":
				body["max"] = *high
			case "mode":
				body["mode"] = *mode
			}
		})
		if len(body) == 0 {
			return usageError{errors.New("name what to change")}
		}
		body["reason"] = *reason
		return t.change(cmd, http.MethodPatch, "/v1/replicas", body, "replicas configured")
	}
	cmd.AddCommand(set)
	return cmd
}
