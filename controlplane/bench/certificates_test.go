package bench

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/pki"
)

// lasting signs the control plane's certificate in dir anew, to end at a time.
func (r *real) lasting(dir string, end time.Time) {
	r.t.Helper()
	authority, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	r.must(err)
	file := filepath.Join(dir, "controlplane.pem")
	pair, err := tls.LoadX509KeyPair(file, filepath.Join(dir, "controlplane.key"))
	r.must(err)
	template := *pair.Leaf
	template.NotAfter = end
	der, err := x509.CreateCertificate(rand.Reader, &template, authority.Leaf, pair.Leaf.PublicKey, authority.PrivateKey)
	r.must(err)
	r.must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
}

// ownCertificates gives a node a certificate directory of its own.
func (r *real) ownCertificates(i int) (dir string) {
	r.t.Helper()
	dir = filepath.Join(r.dir, "pki-"+id(i))
	r.must(os.CopyFS(dir, os.DirFS(r.pki)))
	return dir
}

func (r *real) startWith(i int, certificates string) {
	r.t.Helper()
	spec := r.spec(i)
	for n, arg := range spec.Args {
		if arg == r.pki {
			spec.Args[n] = certificates
		}
	}
	r.run(i, spec)
}

func TestRotatedCertificateIsTakenUp(t *testing.T) {
	r := prepare(t)
	r.lasting(r.pki, time.Now().Add(20*24*time.Hour)) // due for renewal
	r.must(r.startAll(r.ctx))
	r.must(r.setRate(1_000))
	shown := func(i int) time.Time {
		connection, err := tls.Dial("tcp", r.private[i], r.gate)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		return connection.ConnectionState().PeerCertificates[0].NotAfter
	}
	before := shown(0)
	r.must(pki.Ensure(r.pki, time.Now()))
	for i := range nodes {
		r.eventually(id(i)+" shows the new certificate", func() bool { return shown(i).After(before) })
	}
	// With everybody's new certificate all speak raft to one that comes back.
	back := (r.lead() + 1) % nodes
	r.must(r.kill(back))
	r.must(r.start(back))
	r.must(r.setRate(2_000))
	r.holdEverywhere(2_000)
}

func TestExpiredCertificateIsRefusedUntilRenewed(t *testing.T) {
	r := prepare(t)
	const expiring, other, late = 0, 1, 2
	certificates := r.ownCertificates(expiring)
	end := time.Now().Add(6 * time.Second)
	r.lasting(certificates, end)
	r.startWith(expiring, certificates)
	r.must(r.start(other))
	r.lead()
	r.must(r.setRate(1_000))
	time.Sleep(time.Until(end.Add(time.Second)))

	// Whoever has not met the node before its certificate ended is not taken in
	// by it: without the third they find no quorum.
	r.must(r.start(late))
	r.must(r.kill(other))
	r.says(expiring, "expired on")
	if strings.Contains(r.log(late), "expired on") {
		t.Errorf("%s takes its own certificate for expired", id(late))
	}
	r.must(pki.Ensure(certificates, time.Now()))
	r.lead()
	r.must(r.setRate(2_000))
	r.must(r.start(other))
	r.holdEverywhere(2_000)

	// A node does not even start with one that has expired.
	r.lasting(certificates, time.Now().Add(-time.Minute))
	r.must(r.kill(expiring))
	r.startWith(expiring, certificates)
	r.ends(expiring)
	if !strings.Contains(tail(r.log(expiring), 3), "expired on") {
		t.Errorf("it does not say why it ends: %s", tail(r.log(expiring), 3))
	}
}
