package cli

import (
	"errors"
	"fmt"
	"net/http"
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
	cmd.AddCommand(t.forgetInstance())
	return cmd
}

func (t *ctl) forgetInstance() *cobra.Command {
	cmd := &cobra.Command{Use: "forget INSTANCE", Short: "Forget a process that will not come back, at once", Args: exactly(1)}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodDelete, "/v1/instances/"+url.PathEscape(args[0])+"?reason="+url.QueryEscape(*reason), nil,
			args[0]+" forgotten")
	}
	return cmd
}

func (t *ctl) cluster() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show which version the nodes have to know; raise it after an upgrade",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var c opsapi.ClusterVersion
			if shown, err := t.get(cmd, "/v1/cluster", &c); shown || err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "version %d is in force; the node that answers knows up to %d\n", c.Cluster.MinVersion, c.Known)
			return nil
		},
	}
	cmd.AddCommand(t.raiseVersion())
	return cmd
}

func (t *ctl) raiseVersion() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version NUMBER",
		Short: "Allow the commands of a newer version, once every node knows them",
		Long: `Allow the commands of a newer version. It is refused until every member answers
that it knows the version. There is no way back: an older program stops where it
meets the command.`,
		Args: exactly(1),
	}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		version, err := strconv.Atoi(args[0])
		if err != nil || version < 1 {
			return usageError{fmt.Errorf("%q is no version: a number from 1 on", args[0])}
		}
		return t.change(cmd, http.MethodPatch, "/v1/cluster",
			map[string]any{"reason": *reason, "min_version": version}, "version "+args[0]+" is in force")
	}
	return cmd
}

func (t *ctl) members() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "members",
		Short: "List the control-plane nodes and who leads; add or remove one",
		Long: `List the nodes of the control plane. A node that is added is started without
--bootstrap on an empty directory; it follows without a vote until it has caught
up. A node is removed once three others vote, so a dead one is replaced by adding
another first.`,
		Example: `  sunbeon ctl members add controlplane-4 --raft 10.0.0.4:8811 --private https://10.0.0.4:8808 --reason "replaces 2"
  sunbeon ctl members remove controlplane-2 --reason "its disk died"`,
		Args: exactly(0),
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
	cmd.AddCommand(t.addMember(), t.removeMember())
	return cmd
}

func (t *ctl) addMember() *cobra.Command {
	cmd := &cobra.Command{Use: "add NODE", Short: "Take a node in; it gets a vote when it has caught up", Args: exactly(1)}
	raft := cmd.Flags().String("raft", "", "`address` of its raft listener, as the others reach it")
	private := cmd.Flags().String("private", "", "`URL` of its private listener")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *raft == "" || *private == "" {
			return usageError{errors.New("name --raft and --private")}
		}
		return t.change(cmd, http.MethodPut, "/v1/members/"+url.PathEscape(args[0]),
			map[string]any{"reason": *reason, "address": *raft, "private_url": *private}, args[0]+" will be taken in")
	}
	return cmd
}

func (t *ctl) removeMember() *cobra.Command {
	cmd := &cobra.Command{Use: "remove NODE", Short: "Have a node leave, once three others vote", Args: exactly(1)}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodDelete, "/v1/members/"+url.PathEscape(args[0])+"?reason="+url.QueryEscape(*reason), nil,
			args[0]+" will leave")
	}
	return cmd
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
