package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/httpserver"
	"sunbeon/internal/neighbour"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was"
)

// wasFlags are the settings of one booking server.
type wasFlags struct {
	id, pki, keys, listen  string
	neighbours             string
	ledger, legacy, passes string
	controlplane           []string
	importedStock          bool
	importedEligibility    bool
	webhook                string
	limits                 was.Limits
	observability          observability.Config
}

func newWASCommand() *cobra.Command {
	var f wasFlags
	cmd := &cobra.Command{
		Use:   "was",
		Short: "Run one booking server",
		Long: `Run one booking server: the API for institutions, slots and bookings behind the
gate. It checks login and pass of every request, asks the eligibility and stock
systems, and commits bookings in batches to the ledger. It turns the excess away
by itself when its own processor, the ledger or an upstream is at its limit.

It makes itself known to the control plane under --id, follows the plan and lets
nobody in before it has one. On SIGTERM it drains: it says so, finishes what it
has begun and goes. Any number of servers may share one ledger.`,
		Example: `  sunbeon was --id was-1 --pki pki --keys keys --listen 127.0.0.1:8814 \
    --ledger sqlite:ledger/ledger.db --legacy https://127.0.0.1:8803 \
    --controlplane https://127.0.0.1:8808,https://127.0.0.1:8809,https://127.0.0.1:8810 \
    --passes https://127.0.0.1:8801/.well-known/jwks.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runWAS(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.id, "id", "", "name of this server in the plan")
	flags.StringVar(&f.pki, "pki", "", "`directory` with ca.pem, was.pem and was.key")
	flags.StringVar(&f.keys, "keys", "", "`directory` with login.key, person.key and ledger.key")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8814", "`address` to serve on (mutual TLS), as the gate reaches it")
	flags.StringVar(&f.neighbours, "neighbours", "", "`directory` of sockets by which gates of this machine and user ask without TLS")
	flags.StringVar(&f.ledger, "ledger", "", "`address` of the ledger: sqlite:PATH or postgres://…")
	flags.StringSliceVar(&f.controlplane, "controlplane", nil, "private `URLs` of the control-plane nodes, comma-separated")
	flags.StringVar(&f.legacy, "legacy", "", "private `URL` of the eligibility and stock systems")
	flags.StringVar(&f.passes, "passes", "", "`URL` of the keys that verify passes")
	flags.BoolVar(&f.importedStock, "imported-stock", false, "trust the imported capacities and do not ask the stock system during a booking")
	flags.BoolVar(&f.importedEligibility, "imported-eligibility", false, "trust the imported rosters and do not ask the eligibility system during a booking")
	flags.StringVar(&f.webhook, "webhook", "", "`URL` of the message centre that confirmations are posted to; empty sends none")
	flags.IntVar(&f.limits.CPU, "limit-cpu", 0, "requests computed at once; 0 is the default")
	flags.IntVar(&f.limits.Eligibility, "limit-eligibility", 0, "calls of eligibility at once; 0 is the default")
	flags.IntVar(&f.limits.Stock, "limit-stock", 0, "calls of stock at once; 0 is the default")
	flags.IntVar(&f.limits.Ledger, "limit-ledger", 0, "requests waiting for the ledger; 0 is the default")
	observe(flags, &f.observability)
	for _, name := range []string{"id", "pki", "keys", "ledger", "controlplane", "legacy", "passes"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag named here and not above
		}
	}
	return cmd
}

func runWAS(ctx context.Context, f wasFlags) error {
	f.observability.Process, f.observability.Instance = "was", f.id
	o, err := observability.New(f.observability)
	if err != nil {
		return err
	}
	defer o.Shutdown(context.WithoutCancel(ctx))
	identity, err := pki.Load(f.pki, "was")
	if err != nil {
		return err
	}
	follower, err := client.New(client.Config{
		Addresses: f.controlplane, TLS: identity.ClientTLS(), Transport: o.Transport, Logger: o.Logger,
		Topics: []plan.Topic{plan.TopicCohorts, plan.TopicPasses},
	})
	if err != nil {
		return usageError{err}
	}
	// The port is taken first: a second server under the same address must not
	// touch the ledger.
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	store, err := dial.Open(ctx, f.ledger)
	if err != nil {
		return err
	}
	defer store.Close()
	metrics := ledger.NewMetrics(o.Registry)
	writer := ledger.NewWriter(was.Paced(store), ledger.WriterConfig{Metrics: metrics, Logger: o.Logger})
	parts, err := newWAS(ctx, f, identity, o, store, writer, metrics)
	if err != nil {
		return err
	}
	mux := httpserver.Private(o, parts.server.Ready)
	parts.server.Mount(mux)
	presence := &was.Presence{
		ControlPlane: follower, Ready: parts.server.Ready, Logger: o.Logger,
		Instance: plan.RegisterInstance{
			ID: f.id, Kind: plan.KindWAS, Version: version, StartedMS: time.Now().UnixMilli(),
			URL: "https://" + f.listen, PrivateURL: "https://" + f.listen,
		},
	}
	parts.presence, parts.follower = presence, follower
	parts.http = []httpserver.Server{{Name: "was", Listener: listener, Handler: mux, TLS: identity.ServerTLS()}}
	if f.neighbours != "" {
		// Without it, as where the path is too long for one, they come by TLS.
		if socket, err := neighbour.Listen(f.neighbours, f.listen); err == nil {
			defer socket.Close()
			parts.http = append(parts.http, httpserver.Server{Name: "was, neighbours", Listener: socket, Handler: mux, Neighbours: "gate"})
		} else {
			o.Logger.Warn("no socket for neighbours", "error", err)
		}
	}
	defer runtime.KeepAlive(ballast())
	return serveWAS(ctx, o, parts)
}

func newWAS(ctx context.Context, f wasFlags, identity *pki.Identity, o *observability.Observability, store ledger.Store, writer *ledger.Writer, metrics *ledger.Metrics) (wasParts, error) {
	keys, err := credential.LoadKeys(f.keys)
	if err != nil {
		return wasParts{}, err
	}
	secret, err := credential.LoadSecret(f.keys, "ledger.key")
	if err != nil {
		return wasParts{}, err
	}
	sealer, err := ledger.NewSealer(secret)
	if err != nil {
		return wasParts{}, err
	}
	if err := fits(ctx, store, sealer, keys.Person); err != nil {
		return wasParts{}, err
	}
	upstreams := upstream.Config{
		BaseURL: strings.TrimSuffix(f.legacy, "/"), HTTP: upstream.NewHTTPClient(identity.ClientTLS(), o.Transport),
		Metrics: upstream.NewMetrics(o.Registry), Logger: o.Logger,
	}
	eligibility, err := upstream.NewEligibility(upstreams)
	if err != nil {
		return wasParts{}, usageError{err}
	}
	available := ledger.NewAvailability(store)
	cfg := was.Config{
		Keys: keys, Sealer: sealer, Writer: tracedWriter{o, writer}, Records: store, Availability: available,
		Passes: credential.NewPassVerifier(credential.NewKeySet(f.passes, &http.Client{
			Transport: o.Transport(&http.Transport{TLSClientConfig: identity.ClientTLS()}), Timeout: 2 * time.Second,
		})),
		Eligibility: eligibility, Limits: f.limits,
		Registry: o.Registry, Audited: metrics.Report, Logger: o.Logger, Route: o.Route,
	}
	stock, err := upstream.NewStock(upstreams)
	if err != nil {
		return wasParts{}, usageError{err}
	}
	if !f.importedStock {
		cfg.Stock = stock
	}
	if f.importedEligibility {
		cfg.Eligibility = was.Roll{Lines: store, Persons: keys.Person}
	}
	server, err := was.New(cfg)
	if err != nil {
		return wasParts{}, err
	}
	return wasParts{
		server: server, writer: writer,
		behind: behindBookings{
			f: f, o: o, store: store, sealer: sealer, available: available, stock: stock, register: eligibility, judge: cfg.Eligibility,
		}.all(identity),
	}, nil
}

// tracedWriter makes the wait for the ledger a step of the request's trace.
type tracedWriter struct {
	o    *observability.Observability
	next was.Writer
}

func (w tracedWriter) Submit(ctx context.Context, r booking.Request) (out booking.Outcome, err error) {
	err = w.o.Span(ctx, "ledger commit", func(ctx context.Context) error {
		out, err = w.next.Submit(ctx, r)
		return err
	})
	return out, err
}

// wasParts are what runs in a booking server.
type wasParts struct {
	server   *was.Server
	writer   *ledger.Writer
	presence *was.Presence
	follower *client.Client
	http     []httpserver.Server

	behind []interface{ Run(context.Context) } // what follows the bookings
}

// drainNotice is how long a draining server still takes requests, until every
// gate has heard that it drains.
const drainNotice = time.Second

// serveWAS runs a booking server until ctx ends and then takes it apart in the
// order that loses nobody: gates are told, the listener finishes what it has,
// the writer commits what is queued, the plan forgets the server.
func serveWAS(ctx context.Context, o *observability.Observability, p wasParts) error {
	base := context.WithoutCancel(ctx)
	group, alive := errgroup.WithContext(base)
	behind, stopBehind := context.WithCancel(base) // what requests need
	defer stopBehind()
	serving, stopServing := context.WithCancel(alive)
	defer stopServing()

	group.Go(func() error { return p.writer.Run(behind) })
	group.Go(func() error { return p.server.Run(behind) })
	for _, f := range p.behind {
		group.Go(func() error { f.Run(behind); return nil })
	}
	group.Go(func() error {
		err := p.follower.Watch(serving, func(v client.View) { p.server.Follow(v.Plan) })
		if serving.Err() != nil {
			return nil
		}
		return fmt.Errorf("follow plan: %w", err)
	})
	group.Go(func() error {
		defer stopBehind()
		return httpserver.Run(serving, o.Logger, p.http...)
	})
	group.Go(func() error {
		known, leaving := context.WithCancel(alive)
		defer leaving()
		reported := make(chan struct{})
		go func() { defer close(reported); p.presence.Run(known) }()
		select {
		case <-ctx.Done():
		case <-alive.Done():
		}
		leaving()
		<-reported
		if err := p.presence.Leave(base, false); err == nil {
			time.Sleep(drainNotice)
		}
		stopServing()
		return nil
	})
	err := group.Wait()
	if left := p.presence.Leave(base, true); left != nil && err == nil {
		o.Logger.Warn("not forgotten yet", "error", left)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
