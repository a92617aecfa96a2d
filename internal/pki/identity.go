package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sunbeon/internal/problem"
)

// Identity is a process's certificate and the authority it trusts. The files
// are looked at again every few seconds, so that a rotated certificate is taken
// up without a restart.
type Identity struct {
	certificateFile, keyFile string
	authorities              *x509.CertPool

	mu       sync.Mutex
	current  *tls.Certificate
	modified time.Time
	checked  time.Time
	failure  error // of the last look at the files
}

const reloadEvery = 5 * time.Second

// Load reads the certificate of a role and the authority from dir.
func Load(dir, role string) (*Identity, error) {
	authority, err := os.ReadFile(filepath.Join(dir, caFile))
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	id := &Identity{
		certificateFile: filepath.Join(dir, role+".pem"),
		keyFile:         filepath.Join(dir, role+".key"),
		authorities:     x509.NewCertPool(),
	}
	if !id.authorities.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", filepath.Join(dir, caFile))
	}
	if _, err := id.certificate(); err != nil {
		return nil, fmt.Errorf("read certificate of %s: %w", role, err)
	}
	return id, nil
}

// certificate returns the certificate on disk; while a new one cannot be read,
// the last good one. One that has expired is an error here, where it can be
// mended, and not only at whoever is shown it.
func (i *Identity) certificate() (*tls.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	if i.current == nil || now.Sub(i.checked) >= reloadEvery {
		i.checked = now
		i.failure = i.reload()
	}
	if i.current == nil {
		return nil, i.failure
	}
	if end := i.current.Leaf.NotAfter; now.After(end) {
		err := fmt.Errorf("own certificate %s expired on %s", i.certificateFile, end.UTC().Format(time.DateTime))
		return nil, errors.Join(err, i.failure)
	}
	return i.current, nil
}

// reload takes up what is on disk where it has changed.
func (i *Identity) reload() error {
	info, err := os.Stat(i.certificateFile)
	if err != nil || i.current != nil && info.ModTime().Equal(i.modified) {
		return err
	}
	pair, err := tls.LoadX509KeyPair(i.certificateFile, i.keyFile)
	if err != nil {
		return err
	}
	i.current, i.modified = &pair, info.ModTime()
	return nil
}

// ServerTLS serves this identity and verifies a client's certificate where one
// is given: health and metrics stay open, everything else asks [RequireRole].
func (i *Identity) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		ClientAuth:     tls.VerifyClientCertIfGiven,
		ClientCAs:      i.authorities,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return i.certificate() },
	}
}

// RequireTLS is [Identity.ServerTLS] for connections that always need a client
// certificate.
func (i *Identity) RequireTLS() *tls.Config {
	config := i.ServerTLS()
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config
}

// ClientTLS presents this identity and accepts servers of the authority only.
func (i *Identity) ClientTLS() *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		RootCAs:              i.authorities,
		ServerName:           ServerName,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return i.certificate() },
		ClientSessionCache:   tls.NewLRUClientSessionCache(64),
	}
}

// RoleOf is the role named in a verified connection's client certificate, or
// the empty string.
func RoleOf(state *tls.ConnectionState) string {
	if state == nil || len(state.VerifiedChains) == 0 {
		return ""
	}
	units := state.VerifiedChains[0][0].Subject.OrganizationalUnit
	if len(units) != 1 {
		return ""
	}
	return units[0]
}

// PeerName is who sent the request, as their verified certificate says, where
// they have one of their own and not the one of all processes of a role.
func PeerName(r *http.Request) string {
	role := PeerRole(r)
	if role == "" || r.TLS == nil {
		return ""
	}
	if name := r.TLS.VerifiedChains[0][0].Subject.CommonName; name != commonName(role) {
		return name
	}
	return ""
}

// PeerRole is the role of the process that sent the request, or the empty
// string where it showed no verified certificate and is no neighbour.
func PeerRole(r *http.Request) string {
	if r.TLS != nil {
		return RoleOf(r.TLS)
	}
	role, _ := r.Context().Value(neighbourRole{}).(string)
	return role
}

// neighbourRole is the key of the role in the context of a neighbour's requests.
type neighbourRole struct{}

// WithNeighbours returns the context for requests that come by a listener without
// TLS which only processes of one role can reach, by the system's own rules.
func WithNeighbours(ctx context.Context, role string) context.Context {
	return context.WithValue(ctx, neighbourRole{}, role)
}

// RequireRole lets only processes of the given roles through to h.
func RequireRole(h http.Handler, roles ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role := PeerRole(r)
		if role == "" || !slices.Contains(roles, role) {
			problem.Write(w, http.StatusForbidden, "role_not_allowed", "this endpoint needs a client certificate of another role")
			return
		}
		h.ServeHTTP(w, r)
	})
}
