package cli

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
)

func (t *ctl) operators() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operators",
		Short: "List who may do what; add, rotate or remove somebody",
		Long: `Roles: a viewer reads; an operator tightens (hold, pause, slow down) and proposes;
a commander also loosens and approves. Once two commanders are named, loosening
takes two people: see ` + "`sunbeon ctl proposals`" + `. Until then the token that came with
the installation acts alone.

Tokens are made here and written to a file; the control plane is told their
hash only.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var people opsapi.People
			if shown, err := t.get(cmd, "/v1/operators", &people); shown || err != nil {
				return err
			}
			rows := [][]string{{"NAME", "ROLE", "TOKEN VALID UNTIL"}}
			for _, p := range people.People {
				until := "replaced"
				if p.ExpiresMS != 0 {
					until = figures.Moment(p.ExpiresMS, time.Now(), time.Local)
				}
				rows = append(rows, []string{p.Name, string(p.Role), until})
			}
			if err := table(cmd.OutOrStdout(), rows); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\nyou are %s, %s\n", people.You.Name, people.You.Role)
			return nil
		},
	}
	cmd.AddCommand(t.addOperator(), t.rotateToken(), t.removeOperator())
	return cmd
}

func (t *ctl) addOperator() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Give somebody a role and a new token, or change both",
		Example: `  sunbeon ctl operators add kim --role commander --token-out kim.token --reason "shift lead"`,
		Args:    exactly(1),
	}
	role := cmd.Flags().String("role", "", "viewer, operator or commander")
	token := newTokenFlags(cmd)
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *role == "" {
			return usageError{errors.New("name the --role")}
		}
		return token.issue(func(hash string) error {
			return t.change(cmd, http.MethodPut, "/v1/operators/"+url.PathEscape(args[0]), map[string]any{
				"reason": *reason, "role": *role, "token_hash": hash, "for_ms": token.lasts.Milliseconds(),
			}, args[0]+" is "+*role+", the token is in "+token.file)
		})
	}
	return cmd
}

func (t *ctl) rotateToken() *cobra.Command {
	cmd := &cobra.Command{Use: "rotate", Short: "Replace your own token; the one in use is void at once", Args: exactly(0)}
	token := newTokenFlags(cmd)
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var people opsapi.People
		if err := t.read(cmd, "/v1/operators", &people); err != nil {
			return err
		}
		return token.issue(func(hash string) error {
			return t.change(cmd, http.MethodPost, "/v1/operators/"+url.PathEscape(people.You.Name)+"/token", map[string]any{
				"reason": *reason, "token_hash": hash, "for_ms": token.lasts.Milliseconds(),
			}, people.You.Name+"'s new token is in "+token.file)
		})
	}
	return cmd
}

func (t *ctl) removeOperator() *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME", Short: "Take somebody's role and token away at once", Args: exactly(1)}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodDelete, "/v1/operators/"+url.PathEscape(args[0])+"?reason="+url.QueryEscape(*reason), nil,
			args[0]+" removed")
	}
	return cmd
}

// newToken is where a token that is made here goes.
type newToken struct {
	file  string
	lasts time.Duration
}

func newTokenFlags(cmd *cobra.Command) *newToken {
	token := &newToken{}
	cmd.Flags().StringVar(&token.file, "token-out", "", "`file` the new token is written to; it must not exist")
	cmd.Flags().DurationVar(&token.lasts, "for", 0, "how long the token is valid; without it until it is replaced")
	return token
}

// issue writes a new token before the control plane learns its hash, so that
// no token is in force that nobody has; one that was refused is removed.
func (n *newToken) issue(tell func(hash string) error) error {
	if n.file == "" {
		return usageError{errors.New("say where the token goes with --token-out")}
	}
	raw := make([]byte, 32)
	rand.Read(raw)
	token := hex.EncodeToString(raw)
	f, err := os.OpenFile(n.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write token: %w", err)
	}
	_, err = fmt.Fprintln(f, token)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write token: %w", err)
	}
	sum := sha256.Sum256([]byte(token))
	err = tell(hex.EncodeToString(sum[:]))
	if refused(err) {
		os.Remove(n.file)
	}
	return err
}
