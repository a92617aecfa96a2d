// Package client follows the plan and submits commands to it. It is the only
// meeting point of the reservation half and the control plane: gates, WAS and
// agents use it over mutual TLS, the operator's tools over the ops listener
// with a bearer token.
//
// A client holds the addresses of all control-plane nodes and needs any one of
// them. It never decides which node leads: every node answers watches from its
// own copy and forwards commands one hop.
package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"sunbeon/controlplane/plan"
)

// The outcomes of a command without a result.
var (
	// ErrRetryable means that nothing was decided and nothing will be: the
	// command did not enter the log. It may be submitted again at will.
	ErrRetryable = plan.ErrRetryable
	// ErrUnknown means that the command may or may not be in the log. Submit
	// it again with the same request id to learn which; with another id it
	// might take effect twice.
	ErrUnknown = plan.ErrUnknown
)

// Config says whom to follow and as whom.
type Config struct {
	// Addresses are the base URLs of the control-plane nodes, in any order:
	// private listeners with TLS, ops listeners with Token.
	Addresses []string
	// TLS presents the process's certificate on private listeners.
	TLS *tls.Config
	// Token is an operator's bearer token for the ops listeners. Exactly one
	// of TLS and Token decides which of the two interfaces is spoken; an ops
	// listener behind https takes both.
	Token string
	// CacheFile keeps the last plan seen, so that a process can start while no
	// node answers. Empty keeps none.
	CacheFile string
	// Topics narrows the watch to these sections of the plan; empty takes all.
	Topics []plan.Topic
	// Transport wraps the HTTP transport, for tracing. Optional.
	Transport func(http.RoundTripper) http.RoundTripper
	Logger    *slog.Logger
}

func (c *Config) validate() error {
	if len(c.Addresses) == 0 {
		return errors.New("no control-plane address given")
	}
	for _, address := range c.Addresses {
		u, err := url.Parse(address)
		if err != nil {
			return fmt.Errorf("control-plane address: %w", err)
		}
		if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("control-plane address %q: want http://host:port or https://host:port", address)
		}
	}
	if c.TLS == nil && c.Token == "" {
		return errors.New("neither a certificate nor an operator token given")
	}
	return nil
}

// Client is safe for concurrent use.
type Client struct {
	addresses []string
	prefix    string // of the paths: the private interface or the operators'
	token     string
	topics    []plan.Topic
	cache     *cacheFile
	logger    *slog.Logger
	http      *http.Client

	mu   sync.Mutex
	next int // the address that answered last
}

// New checks the configuration; it does not connect yet.
func New(config Config) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		prefix: "/internal/v1",
		token:  config.Token,
		topics: config.Topics,
		logger: config.Logger,
		// Watchers spread over the nodes instead of all following the first.
		next: rand.IntN(len(config.Addresses)),
	}
	if config.Token != "" {
		c.prefix = "/v1"
	}
	for _, address := range config.Addresses {
		c.addresses = append(c.addresses, strings.TrimSuffix(address, "/"))
	}
	if config.CacheFile != "" {
		c.cache = &cacheFile{path: config.CacheFile}
	}
	var transport http.RoundTripper = &http.Transport{
		DialContext:           (&net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:       config.TLS,
		TLSHandshakeTimeout:   2 * time.Second,
		ResponseHeaderTimeout: attemptTimeout,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       30 * time.Second,
	}
	if config.Transport != nil {
		transport = config.Transport(transport)
	}
	c.http = &http.Client{Transport: transport}
	return c, nil
}

// address returns the node to ask: the one that answered last.
func (c *Client) address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addresses[c.next]
}

// leave moves on to another node after address did not do. Two callers who
// both found the same node wanting move on once.
func (c *Client) leave(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addresses[c.next] == address {
		c.next = (c.next + 1) % len(c.addresses)
	}
}

func (c *Client) authorize(req *http.Request) {
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
}

// backoff is the pause before attempt n (from 0) of a row: none before every
// address was tried once, then doubling from 100 ms to 2 s. Full jitter keeps
// a thousand watchers of a dead node from arriving at the next one together.
func (c *Client) backoff(n int) time.Duration {
	if n < len(c.addresses) {
		return rand.N(20 * time.Millisecond)
	}
	ceiling := 100 * time.Millisecond << min(n-len(c.addresses), 5)
	return rand.N(min(ceiling, 2*time.Second))
}

// sleep reports whether it slept the whole time.
func sleep(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
