package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/internal/httpserver"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/gate/waspool"
)

type gateOptions struct {
	id, data, pki, keys, listen, private      string
	neighbours                                string
	issuer, clientID, clientSecret, publicURL string
	controlplane, witnesses                   []string
	secureCookies                             bool
	identityRate, lookupLane, perAddress      int
	loginLife, passLife                       time.Duration
	observability                             observability.Config
}

func newGateCommand() *cobra.Command {
	var opt gateOptions
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Run the front door: tickets, the line, passes, citizen pages",
		Long: `Run a gate. Citizens identify themselves here, get one place in the line, watch
the serving number, claim their pass when their turn is called, and reach the
booking servers through it, by JSON (/openapi.json) or by pages without
JavaScript.

Every ticket and every pass is on disk in --data before anyone is told about
it: started again after a crash, the gate knows all of them. It follows the
control plane, and keeps going on the last plan it saw while there is none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGate(cmd.Context(), opt) },
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.id, "id", "gate-1", "name of this gate in the plan")
	flags.StringVar(&opt.data, "data", "", "directory for the record of the line")
	flags.StringVar(&opt.pki, "pki", "", "directory with the certificates")
	flags.StringVar(&opt.keys, "keys", "", "directory with login.key, person.key, pass.key, log.key and draw secrets")
	flags.StringVar(&opt.listen, "listen", "127.0.0.1:8800", "address of the citizen listener (plain HTTP)")
	flags.StringVar(&opt.private, "private-listen", "127.0.0.1:8801", "address of the private listener (mutual TLS)")
	flags.StringVar(&opt.neighbours, "neighbours", "", "directory of the sockets of booking servers on this machine, which are asked by them without TLS")
	flags.StringSliceVar(&opt.controlplane, "controlplane", nil, "private URLs of the control-plane nodes")
	flags.StringVar(&opt.issuer, "issuer", "http://127.0.0.1:8802", "URL of the OIDC issuer, as its tokens spell it")
	flags.StringVar(&opt.clientID, "client-id", "sunbeon", "what the issuer calls this service")
	flags.StringVar(&opt.clientSecret, "client-secret-file", "", "file with the secret the issuer gave this service, if it gave one")
	flags.StringVar(&opt.publicURL, "public-url", "", "URL citizens reach the pages by, as registered with the issuer (default wherever they came)")
	flags.BoolVar(&opt.secureCookies, "secure-cookies", false, "mark cookies for https only; set it wherever citizens come by https")
	flags.IntVar(&opt.identityRate, "identity-rate", 1000, "identity checks a second each provider gets")
	flags.IntVar(&opt.lookupLane, "lookup-lane", 32, "look-ups, changes and cancellations carried at once")
	flags.IntVar(&opt.perAddress, "connections-per-address", 8192, "connections one IPv4 address or IPv6 /64 may have open, so generous that whole neighbourhoods behind one address fit; 0 for no limit, as behind a proxy that has one")
	flags.DurationVar(&opt.loginLife, "login-life", 24*time.Hour, "how long a login lasts")
	flags.DurationVar(&opt.passLife, "pass-life", 30*time.Minute, "serving time a pass lasts")
	flags.StringArrayVar(&opt.witnesses, "witness", nil, "key (name+hash+key) of a witness that may sign checkpoints (repeatable)")
	observe(flags, &opt.observability)
	for _, name := range []string{"data", "pki", "keys", "controlplane"} {
		cmd.MarkFlagRequired(name)
	}
	return cmd
}

func runGate(ctx context.Context, opt gateOptions) (err error) {
	opt.observability.Process, opt.observability.Instance = "gate", opt.id
	o, err := observability.New(opt.observability)
	if err != nil {
		return err
	}
	defer o.Shutdown(context.WithoutCancel(ctx))
	identity, err := pki.Load(opt.pki, "gate")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(opt.data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	controlplane, err := client.New(client.Config{
		Addresses: opt.controlplane, TLS: identity.ClientTLS(), Transport: o.Transport,
		CacheFile: filepath.Join(opt.data, "plan.json"), Logger: o.Logger,
	})
	if err != nil {
		return err
	}
	secret, err := readSecret(opt.clientSecret)
	if err != nil {
		return err
	}
	witnesses, err := parseWitnesses(opt.witnesses)
	if err != nil {
		return err
	}
	g, err := gate.New(gate.Config{
		ID: opt.id, Data: opt.data, Keys: opt.keys, Version: version,
		URL: "http://" + opt.listen, PrivateURL: "https://" + opt.private,
		Issuer: opt.issuer, ClientID: opt.clientID, ClientSecret: secret,
		PublicURL: strings.TrimSuffix(opt.publicURL, "/"), SecureCookies: opt.secureCookies,
		Witnesses:    witnesses,
		IdentityRate: opt.identityRate, LookupLane: opt.lookupLane,
		LoginLife: opt.loginLife, PassLife: opt.passLife,
		WAS: waspool.Transport(identity.ClientTLS(), opt.neighbours), Gates: waspool.Transport(identity.ClientTLS(), ""),
		ControlPlane: controlplane, Observability: o,
	})
	if err != nil {
		return err
	}
	// The record is closed last: until the servers have drained, requests in
	// flight still wait for it.
	defer func() {
		if closed := g.Close(); err == nil && closed != nil {
			err = fmt.Errorf("close record: %w", closed)
		}
	}()
	defer runtime.KeepAlive(ballast())
	private := httpserver.Private(o, g.Ready)
	g.RegisterPrivate(private)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.Run(ctx) })
	group.Go(func() error {
		return httpserver.Run(ctx, o.Logger,
			httpserver.Server{Name: "gate", Address: opt.listen, Handler: g.Handler(), PerAddress: opt.perAddress, Refused: g.RefusedConnection},
			httpserver.Server{Name: "gate private", Address: opt.private, Handler: private, TLS: identity.ServerTLS()},
		)
	})
	return group.Wait()
}

// readSecret returns what a secret's file holds; nothing where there is no file.
func readSecret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read client secret: %w", err)
	}
	return strings.TrimSpace(string(secret)), nil
}
