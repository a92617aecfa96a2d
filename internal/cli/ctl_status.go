package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

// situation is what `ctl status` shows, from one node's copy.
type situation struct {
	Members   opsapi.Members         `json:"members"`
	Admission opsapi.AdmissionStatus `json:"admission"`
	Replicas  opsapi.ReplicasStatus  `json:"replicas"`
	Cohorts   opsapi.Cohorts         `json:"cohorts"`
}

func (t *ctl) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how the evening stands: line, rate, WAS, and who leads",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s situation
			for path, out := range map[string]any{
				"/v1/members": &s.Members, "/v1/admission": &s.Admission,
				"/v1/replicas": &s.Replicas, "/v1/cohorts": &s.Cohorts,
			} {
				if err := t.read(cmd, path, out); err != nil {
					return err
				}
			}
			if t.json {
				return t.print(cmd, s)
			}
			return s.print(cmd)
		},
	}
}

func (s situation) print(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	leader := s.Members.Leader
	if leader == "" {
		leader = "none known"
	}
	fmt.Fprintf(w, "leader     %s, term %d (told by %s, %s behind)\n", leader, s.Members.Term, s.Members.Node,
		figures.Age(time.Duration(s.Members.LeaderAgeMS)*time.Millisecond))
	fmt.Fprintf(w, "admission  %s now; configured %s, mode %s\n", figures.Rate(s.Admission.RateMilli),
		figures.Rate(s.Admission.Configured.RateMilli), s.Admission.Configured.Mode)
	if o := s.Admission.Override; o != nil {
		fmt.Fprintf(w, "           overridden: %s by %s until %s: %s\n", figures.Rate(o.Value), o.Owner,
			figures.Clock(o.UntilMS, time.Local), o.Reason)
	}
	for _, h := range s.Admission.Holds {
		fmt.Fprintf(w, "           on hold: %s by %s: %s\n", h.Scope, h.Owner, h.Reason)
	}
	printFreeze(cmd, s.Admission.Freeze)
	fmt.Fprintf(w, "WAS        %d ready of %d running, %d desired, mode %s\n", s.Replicas.Ready, s.Replicas.Registered,
		s.Replicas.Configured.Desired, s.Replicas.Configured.Mode)
	if o := s.Replicas.Override; o != nil {
		fmt.Fprintf(w, "           overridden: %d by %s until %s: %s\n", o.Value, o.Owner,
			figures.Clock(o.UntilMS, time.Local), o.Reason)
	}
	fmt.Fprintln(w)
	return printCohorts(cmd, s.Cohorts)
}

func printFreeze(cmd *cobra.Command, f *plan.Freeze) {
	if f != nil {
		fmt.Fprintf(cmd.OutOrStdout(), "           frozen: %s by %s until %s: %s\n", f.Scope, f.Owner,
			figures.Clock(f.UntilMS, time.Local), f.Reason)
	}
}
