package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
)

func (t *ctl) tryBreakGlass() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "break-glass",
		Short: "Hold every gate without the control plane, and release it again",
		Long: `Hold each gate with a break-glass token, see that it is held, and release it. It is
refused while a cohort is open: the hold would stop its line.`,
		Args: exactly(0),
	}
	token := cmd.Flags().String("break-glass-token", "", "`file` with a token of sunbeon break-glass token")
	keys := cmd.Flags().String("pki", "", "`directory` with the operator's certificate; that of --data if empty")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *token == "" {
			return usageError{errors.New("name the --break-glass-token")}
		}
		gates, err := t.idleGates(cmd)
		if err != nil {
			return err
		}
		secret, err := os.ReadFile(*token)
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		dir := *keys
		if dir == "" {
			dir = filepath.Join(t.where.dataDir(), "pki")
		}
		identity, err := pki.Load(dir, "operator")
		if err != nil {
			return err
		}
		b := &breakGlass{reason: *reason}
		client := &http.Client{Timeout: t.timeout, Transport: &http.Transport{TLSClientConfig: identity.ClientTLS()}}
		var failures []error
		for _, g := range gates {
			trial := plan.RecordTrial{Check: plan.TrialBreakGlass, Subject: g.ID, OK: true, Detail: "held and released"}
			if err := b.try(cmd.Context(), client, g.PrivateURL, strings.TrimSpace(string(secret))); err != nil {
				trial.OK, trial.Detail = false, short(err)
				failures = append(failures, fmt.Errorf("%s: %w", g.ID, err))
			}
			failures = append(failures, t.record(cmd, *reason, trial))
		}
		return errors.Join(failures...)
	}
	return cmd
}

// idleGates are all gates, where no line is moving that a hold would stop.
func (t *ctl) idleGates(cmd *cobra.Command) ([]plan.Instance, error) {
	var cohorts opsapi.Cohorts
	if err := t.read(cmd, "/v1/cohorts", &cohorts); err != nil {
		return nil, err
	}
	for _, s := range cohorts.Cohorts {
		if s.Cohort.Phase == plan.Open {
			return nil, fmt.Errorf("%s is open: trying it would stop the line", s.Cohort.ID)
		}
	}
	var list opsapi.Instances
	if err := t.read(cmd, "/v1/instances?kind="+plan.KindGate, &list); err != nil {
		return nil, err
	}
	if len(list.Instances) == 0 {
		return nil, errors.New("no gate is known")
	}
	return list.Instances, nil
}

// try leaves the gate as it was found, or says that it could not.
func (b *breakGlass) try(ctx context.Context, client *http.Client, gate, token string) error {
	for _, step := range []struct {
		method string
		held   bool // what the gate must say then
	}{{http.MethodGet, false}, {http.MethodPost, true}, {http.MethodGet, true}, {http.MethodDelete, false}, {http.MethodGet, false}} {
		answer, err := b.askOne(ctx, client, step.method, gate, token)
		if err != nil {
			return fmt.Errorf("%s: %w", step.method, err)
		}
		if answer.Held != step.held {
			return fmt.Errorf("%s: held %v, want %v", step.method, answer.Held, step.held)
		}
	}
	return nil
}

func (t *ctl) tryPersons() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "persons COHORT",
		Short: "Log test persons in at every boundary of a cohort's birthdays",
		Long: `Have the identity issuer vouch for a test person at each boundary of the cohort's
birthdays, and for each last digit where it names some, log them in at the gate,
and see whom it takes for the cohort's. No ticket is taken. The issuer must know
test persons: POST {issuer}/identity/{provider} as the simulator has it.`,
		Args: exactly(1),
	}
	gate := cmd.Flags().String("gate", "", "`URL` of the citizens' side; that of --data if empty")
	issuer := cmd.Flags().String("issuer", "", "`URL` of the identity issuer; that of --data if empty")
	provider := cmd.Flags().String("provider", "pass", "identity provider")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var document opsapi.Document
		if err := t.read(cmd, "/v1/plan", &document); err != nil {
			return err
		}
		c, ok := document.Cohorts[args[0]]
		if !ok {
			return fmt.Errorf("no cohort %s", args[0])
		}
		w := walk{gate: *gate, issuer: *issuer, provider: *provider, client: &http.Client{Timeout: t.timeout}}
		if err := w.find(t.where); err != nil {
			return err
		}
		persons := boundaries(c)
		trial := plan.RecordTrial{Check: plan.TrialPersons, Subject: c.ID, OK: true, Detail: fmt.Sprintf("%d persons at the boundaries", len(persons))}
		err := w.all(cmd.Context(), c.ID, persons)
		if err != nil {
			trial.OK, trial.Detail = false, short(err)
		}
		return errors.Join(err, t.record(cmd, *reason, trial))
	}
	return cmd
}

// walk logs test persons in.
type walk struct {
	gate, issuer, provider string
	client                 *http.Client
}

// find completes the addresses from where `up` keeps its data.
func (w *walk) find(where operatorFlags) error {
	if w.gate != "" && w.issuer != "" {
		return nil
	}
	found, err := readAddresses(where.dataDir())
	if err != nil {
		return err
	}
	if w.gate == "" {
		w.gate = found.Citizen
	}
	if w.issuer == "" {
		w.issuer = found.Legacy
	}
	if w.gate == "" || w.issuer == "" {
		return usageError{errors.New("name the --gate and the --issuer")}
	}
	return nil
}

func (w *walk) all(ctx context.Context, cohort string, persons []testPerson) error {
	for _, p := range persons {
		var identity struct {
			Assertion string `json:"assertion"`
		}
		err := post(ctx, w.client, w.issuer+"/identity/"+url.PathEscape(w.provider), map[string]string{
			"name": "시험", "birth": p.birth, "digits": "test-" + p.birth, "phone": "01000000000", "province": "서울특별시",
		}, &identity)
		if err != nil {
			return fmt.Errorf("born %s: issuer: %w", p.birth, err)
		}
		var login struct {
			Cohort string `json:"cohort"`
		}
		if err := post(ctx, w.client, w.gate+"/v1/login", identity, &login); err != nil {
			return fmt.Errorf("born %s: gate: %w", p.birth, err)
		}
		if taken := login.Cohort == cohort; taken != p.belongs {
			return fmt.Errorf("born %s: taken for cohort %q, belongs to %s: %v", p.birth, login.Cohort, cohort, p.belongs)
		}
	}
	return nil
}

// post sends JSON and reads the answer's.
func post(ctx context.Context, client *http.Client, address string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return problem.Read(response)
	}
	return json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(out)
}

// testPerson is somebody born on a day, YYYY-MM-DD.
type testPerson struct {
	birth   string
	belongs bool
}

// boundaries are the days around a cohort's first and last, and one of each
// last digit where it names some.
func boundaries(c plan.Cohort) []testPerson {
	from, errFrom := time.Parse(time.DateOnly, c.BirthFrom)
	to, errTo := time.Parse(time.DateOnly, c.BirthTo)
	if errFrom != nil || errTo != nil {
		return nil // no such cohort can be defined
	}
	days := []time.Time{from.AddDate(0, 0, -1), from, to, to.AddDate(0, 0, 1)}
	if len(c.LastDigits) > 0 {
		for n := range 10 {
			if day := from.AddDate(0, 0, n); !day.After(to) {
				days = append(days, day)
			}
		}
	}
	var persons []testPerson
	for _, day := range days {
		belongs := !day.Before(from) && !day.After(to)
		if belongs && len(c.LastDigits) > 0 {
			belongs = false
			for _, digit := range c.LastDigits {
				belongs = belongs || day.Day()%10 == digit
			}
		}
		persons = append(persons, testPerson{day.Format(time.DateOnly), belongs})
	}
	return persons
}

// short is an error as the plan keeps it.
func short(err error) string {
	text := strings.ToValidUTF8(err.Error(), "")
	return strings.ToValidUTF8(text[:min(len(text), 400)], "")
}
