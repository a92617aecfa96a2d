package consensus

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/internal/pki"
)

const (
	// role every member's certificate names; nobody else may speak raft.
	role = "controlplane"
	// transportTimeout bounds a connection and each message on it, so that a
	// stopped member is noticed; snapshots get more by their size.
	transportTimeout = 2 * time.Second
	pooled           = 2
)

// ListenTLS opens the raft listener: mutual TLS, members only. The address
// must be the one the other members know this node by.
func ListenTLS(address string, identity *pki.Identity, logger *slog.Logger) (raft.Transport, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for raft: %w", err)
	}
	server, client := identity.RequireTLS(), identity.ClientTLS()
	server.VerifyConnection, client.VerifyConnection = membersOnly, membersOnly
	return raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:  &streams{Listener: tls.NewListener(listener, server), client: client, address: address},
		MaxPool: pooled,
		Timeout: transportTimeout,
		Logger:  hclogTo(logger),
	}), nil
}

func membersOnly(state tls.ConnectionState) error {
	if got := pki.RoleOf(&state); got != role {
		return fmt.Errorf("certificate of role %q speaks raft", got)
	}
	return nil
}

// streams is the [raft.StreamLayer] of mutual TLS.
type streams struct {
	net.Listener
	client  *tls.Config
	address string
}

// Dial implements [raft.StreamLayer].
func (s *streams) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: timeout}
	return tls.DialWithDialer(dialer, "tcp", string(address), s.client)
}

// Addr implements [net.Listener]: what the others call this node, which is not
// always what it listens on.
func (s *streams) Addr() net.Addr { return advertised(s.address) }

type advertised string

func (advertised) Network() string  { return "tcp" }
func (a advertised) String() string { return string(a) }
