package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/was"
)

// staffFlags are what every act for somebody else needs.
type staffFlags struct {
	server, pki, account string
	reason, birth        string
	login, pass, key     string
}

func newStaffCommand() *cobra.Command {
	var f staffFlags
	cmd := &cobra.Command{
		Use:   "staff",
		Short: "Look up, change, cancel and book for a person who phones in",
		Long: `Act for a person who phones in, at a booking server, under your own name. Who, for
whom and why is recorded in the ledger before anything is seen or done; see: sunbeon
ledger accesses.

Staff have no way around the line: to book takes the person's own login, from an
identity check made with them, and the pass of their own turn. To look after a
booking their login is enough, or its number and the date of birth they give.`,
		Example: `  sunbeon staff certificate --pki pki --account kim
  sunbeon staff find 7KQ3-M2XA --birth 1990-02-28 --account kim --reason "asked by phone"`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.pki, "pki", "sunbeon-data/pki", "`directory` with ca.pem and your certificate")
	flags.StringVar(&f.account, "account", "", "your own `name`, as in your certificate")
	flags.StringVar(&f.server, "server", "https://127.0.0.1:8814", "`URL` of a booking server")
	flags.StringVar(&f.reason, "reason", "", "why, for the record")
	flags.StringVar(&f.birth, "birth", "", "the person's date of birth, like 1990-02-28, where there is no --login")
	flags.StringVar(&f.login, "login", "", "the person's login `token`")
	flags.StringVar(&f.pass, "pass", "", "the person's pass `token`")
	flags.StringVar(&f.key, "key", "", "idempotency `key`; sending a request again under its key does nothing twice (default: a new one)")
	if err := cmd.MarkPersistentFlagRequired("account"); err != nil {
		panic(err) // the flag above
	}
	cmd.AddCommand(newStaffCertificateCommand(&f),
		f.act("find [NUMBER]", "Show a booking, by its number or the person's login", http.MethodGet, func(number string) (string, string) {
			if number == "" {
				number = "mine"
			}
			return "/staff/v1/bookings/" + url.PathEscape(number), ""
		}),
		f.act("book SLOT", "Book the slot and its second dose in the person's own turn", http.MethodPost, func(slot string) (string, string) {
			return "/staff/v1/bookings", slot
		}),
		f.act("change NUMBER SLOT", "Move both doses to the slot and its second dose", http.MethodPost, func(number string) (string, string) {
			return "/staff/v1/bookings/" + url.PathEscape(number) + "/change", ""
		}),
		f.act("cancel NUMBER", "Cancel a booking", http.MethodDelete, func(number string) (string, string) {
			return "/staff/v1/bookings/" + url.PathEscape(number), ""
		}))
	return cmd
}

func newStaffCertificateCommand(f *staffFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "certificate",
		Short: "Make a certificate for one of the staff, where the authority is kept",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := pki.EnsurePerson(f.pki, was.StaffRole, f.account, time.Now()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s/%s-%s.pem and .key; they are %[3]s's alone\n", f.pki, was.StaffRole, f.account)
			return nil
		},
	}
}

// act makes a command of one request. Its first argument makes the path; a
// second one is the slot.
func (f *staffFlags) act(use, short, method string, path func(string) (path, slot string)) *cobra.Command {
	least, most := strings.Count(use, " "), strings.Count(use, " ")
	if strings.Contains(use, "[") {
		least--
	}
	return &cobra.Command{
		Use: use, Short: short,
		Args: cobra.RangeArgs(least, most),
		RunE: func(cmd *cobra.Command, args []string) error {
			args = append(args, "", "")
			target, slot := path(args[0])
			if slot == "" {
				slot = args[1]
			}
			return f.send(cmd.Context(), cmd.OutOrStdout(), method, target, slot)
		},
	}
}

// send makes the request and prints the answer as it came.
func (f *staffFlags) send(ctx context.Context, out io.Writer, method, path, slot string) error {
	identity, err := pki.Load(f.pki, was.StaffRole+"-"+f.account)
	if err != nil {
		return err
	}
	query := url.Values{"reason": {f.reason}}
	if f.birth != "" {
		query.Set("birth", f.birth)
	}
	var body io.Reader
	if slot != "" {
		encoded, err := json.Marshal(was.Choice{SlotID: slot})
		if err != nil {
			return err
		}
		body = strings.NewReader(string(encoded))
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.server, "/")+path+"?"+query.Encode(), body)
	if err != nil {
		return usageError{err}
	}
	for name, value := range map[string]string{"sunbeon_login": f.login, "sunbeon_pass": f.pass} {
		if value != "" {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	if method != http.MethodGet {
		key := f.key
		if key == "" {
			key = rand.Text()
		}
		req.Header.Set("Idempotency-Key", key)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: identity.ClientTLS()}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return problem.Read(resp)
	}
	var answer any
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("answer of %s: %w", f.server, err)
	}
	printed, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(printed))
	return err
}
