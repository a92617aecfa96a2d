package cli

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
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
		Long: `Name the value that the announced source gave after the seal: the randomness of
a drand round in hex, or with --text what was published, such as the numbers of
a lottery. The draw is made once two people have named the same value.`,
		Example: `  sunbeon ctl cohorts draw-value tonight --text "1071: 1 2 11 21 30 35" --reason "lottery, read on air"`,
		Args:    exactly(2),
	}
	text := cmd.Flags().Bool("text", false, "VALUE is text, not hex")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		value := args[1]
		if *text {
			value = hex.EncodeToString([]byte(value))
		}
		return t.change(cmd, http.MethodPost, "/v1/cohorts/"+url.PathEscape(args[0])+"/draw-value",
			map[string]any{"reason": *reason, "value": value}, args[0]+": value named")
	}
	return cmd
}
