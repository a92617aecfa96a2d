package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate"
)

// breakGlass stops gates without the control plane.
type breakGlass struct {
	gates                             []string
	data, pki, tokenFile, reason, own string
	timeout                           time.Duration
}

func newBreakGlassCommand() *cobra.Command {
	b := &breakGlass{}
	cmd := &cobra.Command{
		Use:   "break-glass",
		Short: "Stop the line at the gates, with no control plane at all",
		Long: `Stop calling and letting in at the gates themselves, when the control plane does
not answer or is not to be believed. The hold is on disk before it is
acknowledged, goes to every gate the asked one knows, and lasts over restarts
until it is released here; releasing it in the control plane does not. Places,
turns and passes are kept, and pass clocks stand still. Nothing here can make the
line faster.

The exit status is 0 when every gate asked did it; 1 when one refused, or some
could not be reached; 3 when none could be reached, and nothing was changed; and 4
when an answer got lost, so that it may have been done: ask status.

Before an evening, make a token; it works for 24 hours:

  sunbeon break-glass token --data sunbeon-data --owner kim > token
  sunbeon break-glass hold --data sunbeon-data --gate https://127.0.0.1:8801 \
      --token-file token --reason "wrong doses shown"
  sunbeon break-glass release --data sunbeon-data --gate https://127.0.0.1:8801 --token-file token`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&b.data, "data", "sunbeon-data", "data directory whose keys/ and pki/ are used")
	flags.StringVar(&b.pki, "pki", "", "directory with the operator's certificate, where it is not in --data")

	token := &cobra.Command{
		Use: "token", Short: "Make a token that works for 24 hours", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.token(cmd.OutOrStdout()) },
	}
	token.Flags().StringVar(&b.own, "owner", "", "who will answer for its use")
	token.MarkFlagRequired("owner")
	cmd.AddCommand(token)
	for _, action := range []struct{ use, short, method string }{
		{"hold", "Stop every line now", http.MethodPost},
		{"release", "Let the lines go on as the control plane says", http.MethodDelete},
		{"status", "Tell whether gates are held", http.MethodGet},
	} {
		sub := &cobra.Command{
			Use: action.use, Short: action.short, Args: exactly(0),
			RunE: func(cmd *cobra.Command, _ []string) error {
				return b.ask(cmd.Context(), action.method, cmd.OutOrStdout())
			},
		}
		flags := sub.Flags()
		flags.StringSliceVar(&b.gates, "gate", []string{"https://127.0.0.1:8801"}, "private URL of a gate; several are all asked")
		flags.StringVar(&b.tokenFile, "token-file", "", "file with the token")
		flags.DurationVar(&b.timeout, "timeout", 10*time.Second, "how long to wait for a gate")
		sub.MarkFlagRequired("token-file")
		if action.method == http.MethodPost {
			flags.StringVar(&b.reason, "reason", "", "why, for everyone to read")
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

func (b *breakGlass) token(out io.Writer) error {
	secret, err := credential.LoadSecret(filepath.Join(b.data, "keys"), "login.key")
	if err != nil {
		return err
	}
	key, err := credential.NewBreakGlassKey(secret, time.Now)
	if err != nil {
		return err
	}
	token, err := key.Sign(b.own)
	if err != nil {
		return usageError{err}
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

// ask sends the request to every gate named; one that does not take it makes
// the command fail, but keeps no other from being asked.
func (b *breakGlass) ask(ctx context.Context, method string, out io.Writer) error {
	token, err := os.ReadFile(b.tokenFile)
	if err != nil {
		return fmt.Errorf("read token: %w", err)
	}
	dir := b.pki
	if dir == "" {
		dir = filepath.Join(b.data, "pki")
	}
	identity, err := pki.Load(dir, "operator")
	if err != nil {
		return err
	}
	operator := &http.Client{Timeout: b.timeout, Transport: &http.Transport{TLSClientConfig: identity.ClientTLS()}}
	var errs []error
	answered := 0
	for _, address := range b.gates {
		answer, err := b.askOne(ctx, operator, method, address, strings.TrimSpace(string(token)))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", address, err))
			continue
		}
		answered++
		state := "not held"
		if answer.Held {
			state = fmt.Sprintf("held by %s since %s: %s", answer.Owner, time.UnixMilli(answer.SinceMS).Format(time.TimeOnly), answer.Reason)
		}
		fmt.Fprintf(out, "%s  %s\n", address, state)
		for _, gate := range answer.NotTold {
			errs = append(errs, fmt.Errorf("%s could not tell %s: ask it directly", address, gate))
		}
	}
	err = errors.Join(errs...)
	if answered > 0 && errors.Is(err, client.ErrRetryable) && !errors.Is(err, client.ErrUnknown) {
		return errors.New(err.Error()) // not that nothing was changed anywhere
	}
	return err
}

func (b *breakGlass) askOne(ctx context.Context, operator *http.Client, method, address, token string) (answer gate.HoldAnswer, err error) {
	body, err := json.Marshal(map[string]string{"reason": b.reason})
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(address, "/")+gate.HoldPath, bytes.NewReader(body))
	if err != nil {
		return answer, usageError{err}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	connected := false
	request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	}))
	response, err := operator.Do(request)
	switch {
	case err != nil && connected && method != http.MethodGet:
		return answer, fmt.Errorf("%w: %w", client.ErrUnknown, err)
	case err != nil:
		return answer, fmt.Errorf("%w: %w", client.ErrRetryable, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return answer, problem.Read(response)
	}
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}
