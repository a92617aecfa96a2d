package cli

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/internal/drand"
)

func (t *ctl) returnCohort() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "return-to-lobby COHORT",
		Short:   "Undo an opening: everybody keeps place and turn, and it opens again later",
		Example: `  sunbeon ctl cohorts return-to-lobby tonight --in 1h --reason "opened by mistake"`,
		Args:    exactly(1),
	}
	in := cmd.Flags().Duration("in", time.Hour, "how long from now until it opens again")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opens := time.Now().Add(*in)
		return t.change(cmd, http.MethodPost, "/v1/cohorts/"+url.PathEscape(args[0])+"/return-to-lobby",
			map[string]any{"reason": *reason, "open_ms": opens.UnixMilli()},
			args[0]+" is back in its lobby and opens at "+opens.Local().Format(time.DateTime))
	}
	return cmd
}

func (t *ctl) drawValue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "draw-value COHORT VALUE",
		Short: "Name the public value that a beacon draw is made from",
		Long: `Name the value that the announced source gave after the seal, in hex, or with
--text what was published, such as the numbers of a lottery. The draw is made
once two people have named the same value.

Where the cohort's source is a round of drand ("drand:quicknet/ROUND", due after
the seal), VALUE is the round as drand's API gives it, or its signature in hex.
It is checked against the chain's public key, so one person is enough.`,
		Example: `  sunbeon ctl cohorts draw-value tonight --text "1071: 1 2 11 21 30 35" --reason "lottery, read on air"
  sunbeon ctl cohorts draw-value tonight "$(curl -s https://api.drand.sh/v2/beacons/quicknet/rounds/9000000)" --reason drand`,
		Args: exactly(2),
	}
	text := cmd.Flags().Bool("text", false, "VALUE is text, not hex")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		value := args[1]
		switch {
		case *text:
			value = hex.EncodeToString([]byte(value))
		case strings.HasPrefix(value, "{"):
			signature, err := drand.ReadAnswer([]byte(value))
			if err != nil {
				return usageError{err}
			}
			value = hex.EncodeToString(signature)
		}
		return t.change(cmd, http.MethodPost, "/v1/cohorts/"+url.PathEscape(args[0])+"/draw-value",
			map[string]any{"reason": *reason, "value": value}, args[0]+": value named")
	}
	return cmd
}
