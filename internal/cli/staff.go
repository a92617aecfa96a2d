package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/was"
)

// staffFlags are what every act for somebody else needs.
type staffFlags struct {
	server, pki, account     string
	reason, birth            string
	loginFile, passFile, key string
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
booking their login is enough, or its number and the date of birth they give.

Login and pass are secrets of the person: they are read from files, or with "-"
from standard input, a line each and the login first. On a command line everybody
on the machine could read them.`,
		Example: `  sunbeon staff certificate --pki pki --account kim
  sunbeon staff find 7KQ3-M2XA --birth 1990-02-28 --account kim --reason "asked by phone"
  sunbeon staff book 17 --login-file login --pass-file pass --account kim --reason "asked by phone"
  sunbeon staff change 7KQ3-M2XA 18 --login-file - --account kim --reason "ill that day" < login`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.pki, "pki", "sunbeon-data/pki", "`directory` with ca.pem and your certificate")
	flags.StringVar(&f.account, "account", "", "your own `name`, as in your certificate")
	flags.StringVar(&f.server, "server", "https://127.0.0.1:8814", "`URL` of a booking server")
	flags.StringVar(&f.reason, "reason", "", "why, for the record")
	flags.StringVar(&f.birth, "birth", "", "the person's date of birth, like 1990-02-28, where there is no login")
	flags.StringVar(&f.loginFile, "login-file", "", "`file` with the person's login token; - is standard input")
	flags.StringVar(&f.passFile, "pass-file", "", "`file` with the person's pass token; - is standard input")
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
	names := strings.Fields(use)[1:]
	least := len(names)
	if strings.Contains(use, "[") {
		least--
	}
	return &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < least || len(args) > len(names) {
				return fmt.Errorf("%s takes %s, and %d arguments are given", cmd.Name(), strings.Join(names, " and "), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			args = append(args, "", "")
			target, slot := path(args[0])
			if slot == "" {
				slot = args[1]
			}
			secrets, err := f.secrets(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return f.send(cmd.Context(), cmd.OutOrStdout(), secrets, method, target, slot)
		},
	}
}

// secrets reads login and pass, as the cookies they are sent in.
func (f *staffFlags) secrets(stdin io.Reader) ([]*http.Cookie, error) {
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, longestSecret)
	var cookies []*http.Cookie
	for _, c := range []struct{ name, flag, file string }{
		{"sunbeon_login", "--login-file", f.loginFile}, {"sunbeon_pass", "--pass-file", f.passFile},
	} {
		var value string
		switch c.file {
		case "":
			continue
		case "-":
			lines.Scan()
			value = strings.TrimSpace(lines.Text())
		default:
			content, err := os.ReadFile(c.file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.flag, err)
			}
			value = strings.TrimSpace(string(content))
		}
		if value == "" || strings.ContainsAny(value, " \t\r\n") || len(value) > longestSecret {
			return nil, usageError{fmt.Errorf("%s: want one token in one line", c.flag)}
		}
		cookies = append(cookies, &http.Cookie{Name: c.name, Value: value})
	}
	return cookies, nil
}

// longestSecret bounds a login or a pass, in bytes; a cookie is no longer.
const longestSecret = 4096

// send makes the request and prints the answer as it came.
func (f *staffFlags) send(ctx context.Context, out io.Writer, secrets []*http.Cookie, method, path, slot string) error {
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
	for _, secret := range secrets {
		req.AddCookie(secret)
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
