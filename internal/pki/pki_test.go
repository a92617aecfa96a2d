package pki_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/pki"
)

func load(t *testing.T, dir, role string) *pki.Identity {
	t.Helper()
	id, err := pki.Load(dir, role)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOnlyTheNamedRoleGetsIn(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(pki.RequireRole(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, pki.PeerRole(r))
	}), "gate"))
	server.TLS = load(t, dir, "was").ServerTLS()
	server.StartTLS()
	defer server.Close()

	f := func(role string, want int) {
		t.Helper()
		config := load(t, dir, "gate").ClientTLS()
		config.GetClientCertificate = nil
		if role != "" {
			config = load(t, dir, role).ClientTLS()
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		defer client.CloseIdleConnections()
		resp, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("role %q: %d, want %d", role, resp.StatusCode, want)
		}
	}
	f("gate", http.StatusOK)
	f("rush", http.StatusForbidden)
	f("", http.StatusForbidden)

	strange := t.TempDir()
	if err := pki.Ensure(strange, time.Now()); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: load(t, strange, "gate").ClientTLS()}}
	if _, err := client.Get(server.URL); err == nil {
		t.Error("a client of another authority trusts this server")
	}
}

func TestEnsureKeepsWhatIsGoodAndRenewsWhatIsOld(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	if err := pki.Ensure(dir, now); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	authority, gate, key := read("ca.pem"), read("gate.pem"), read("gate.key")
	if err := pki.Ensure(dir, now); err != nil || read("gate.pem") != gate {
		t.Errorf("a good certificate was replaced (%v)", err)
	}
	if err := pki.Ensure(dir, now.AddDate(0, 0, 380)); err != nil || read("gate.pem") == gate {
		t.Errorf("an old certificate was kept (%v)", err)
	}
	if read("ca.pem") != authority {
		t.Error("the authority was replaced")
	}
	if read("gate.key") != key {
		t.Error("a renewal replaced the key: cut short, it would have left one that does not fit")
	}
}

// Whatever a start was cut short at, the next one brings to an end.
func TestEnsureGoesOnWhereItWasCutShort(t *testing.T) {
	leaves := []string{"ca.pem"} // as after a crash with nothing but keys made
	for _, role := range pki.Roles {
		leaves = append(leaves, role+".pem")
	}
	for _, lost := range [][]string{{"gate.pem"}, {"gate.key"}, {"gate.pem", "gate.key"}, leaves} {
		dir := t.TempDir()
		if err := pki.Ensure(dir, time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, name := range lost {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := pki.Ensure(dir, time.Now()); err != nil {
			t.Errorf("without %v: %v", lost, err)
		}
		load(t, dir, "gate")
	}
}

func TestExpiredCertificateIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now().AddDate(0, 0, -398)); err != nil {
		t.Fatal(err)
	}
	if _, err := pki.Load(dir, "gate"); err == nil || !strings.Contains(err.Error(), "gate.pem expired on") {
		t.Errorf("got %v", err)
	}
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	load(t, dir, "gate")
}

func TestEnsureRefusesACorruptAuthority(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pki.Ensure(dir, time.Now()); err == nil {
		t.Error("a corrupt authority was accepted or replaced")
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "ca.pem")); string(b) != "nonsense" {
		t.Error("the corrupt authority was overwritten")
	}
}
