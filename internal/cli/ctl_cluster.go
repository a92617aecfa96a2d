package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
)

func (t *ctl) instances() *cobra.Command {
	cmd := &cobra.Command{Use: "instances", Short: "List the running processes", Args: exactly(0)}
	kind := cmd.Flags().String("kind", "", "only gate, was, agent, controlplane or legacy")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var list opsapi.Instances
		if shown, err := t.get(cmd, "/v1/instances?kind="+url.QueryEscape(*kind), &list); shown || err != nil {
			return err
		}
		rows := [][]string{{"INSTANCE", "KIND", "STATE", "REPORTED", "URL", "PRIVATE", "DETAIL"}}
		for _, i := range list.Instances {
			reported := time.Since(time.UnixMilli(i.ReportMS))
			rows = append(rows, []string{i.ID, i.Kind, i.State, figures.Age(reported) + " ago", i.URL, i.PrivateURL, i.Detail})
		}
		return table(cmd.OutOrStdout(), rows)
	}
	return cmd
}

func (t *ctl) members() *cobra.Command {
	return &cobra.Command{
		Use: "members", Short: "List the control-plane nodes and who leads", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var m opsapi.Members
			if shown, err := t.get(cmd, "/v1/members", &m); shown || err != nil {
				return err
			}
			rows := [][]string{{"NODE", "ROLE", "VOTES", "RAFT", "PRIVATE"}}
			for _, member := range m.Members {
				role := "follower"
				if member.Leader {
					role = "leader"
				}
				rows = append(rows, []string{member.ID, role, yesNo(member.Voter), member.Address, member.PrivateURL})
			}
			if err := table(cmd.OutOrStdout(), rows); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\nterm %d, index %d, told by %s, which heard from the leader %s ago\n", m.Term, m.Index, m.Node,
				figures.Age(time.Duration(m.LeaderAgeMS)*time.Millisecond))
			return nil
		},
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (t *ctl) decisions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decisions",
		Short: "List what the controllers changed and why, newest first",
		Args:  exactly(0),
	}
	limit := cmd.Flags().Int("limit", 20, "how many")
	actuator := cmd.Flags().String("actuator", "", "only this actuator's")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		query := url.Values{"limit": {strconv.Itoa(*limit)}}
		if *actuator != "" {
			query.Set("actuator", *actuator)
		}
		var list opsapi.Decisions
		if shown, err := t.get(cmd, "/v1/decisions?"+query.Encode(), &list); shown || err != nil {
			return err
		}
		rows := [][]string{{"TIME", "ACTUATOR", "BY", "DECISION"}}
		for _, d := range list.Decisions {
			rows = append(rows, []string{figures.Clock(d.TimeMS, time.Local), d.Actuator, d.Actor, d.Sentence})
		}
		return table(cmd.OutOrStdout(), rows)
	}
	return cmd
}
