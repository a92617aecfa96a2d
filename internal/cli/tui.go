package cli

import (
	"errors"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"sunbeon/tui"
)

func newTUICommand() *cobra.Command {
	var where operatorFlags
	var readOnly bool
	cmd := &cobra.Command{
		Use:   "tui",
		Short: "Watch and steer an opening in the terminal",
		Long: `Watch and steer an opening in the terminal: live charts of rate, line and
bookings, the cohorts, the controllers' decisions with their reasons, the running
processes and the Raft members.

Keys 1 to 5 change the page, : takes commands, / filters, ? helps, esc goes back.
Every change asks first, says what it would do, and means "cancel" until you pick
otherwise. The bottom line always says how old the data is; when the node it
talks to dies, the terminal goes on with another.

It needs 80×24 cells and no colours (NO_COLOR is obeyed).`,
		Example: `  sunbeon tui
  sunbeon tui --data /var/lib/sunbeon --read-only
  sunbeon tui --address http://10.0.0.5:8805,http://10.0.0.6:8805 --token-file operator.token`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !isatty.IsTerminal(os.Stdout.Fd()) || !isatty.IsTerminal(os.Stdin.Fd()) {
				return usageError{errors.New("tui needs a terminal; `sunbeon ctl status` does without")}
			}
			c, err := where.client()
			if err != nil {
				return err
			}
			return tui.Run(cmd.Context(), tui.Config{Session: c, ReadOnly: readOnly})
		},
	}
	where.bind(cmd.Flags())
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "look and change nothing")
	return cmd
}
