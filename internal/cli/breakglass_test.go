package cli_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/cli"
	"sunbeon/internal/pki"
)

// Whoever drives break-glass by a script has to tell a gate that is not there
// from one that refused, and from one that may have done it.
func TestBreakGlassTellsWhatBecameOfIt(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	identity, err := pki.Load(dir, "gate")
	if err != nil {
		t.Fatal(err)
	}
	serve := func(h http.HandlerFunc) string {
		server := httptest.NewUnstartedServer(h)
		server.TLS = identity.ServerTLS()
		server.StartTLS()
		t.Cleanup(server.Close)
		return server.URL
	}
	holds := serve(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"held":true}`) })
	refuses := serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	hangsUp := serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	nobody := "https://" + gone.Addr().String()

	f := func(want int, action string, gates ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		args := []string{"break-glass", action, "--pki", dir, "--token-file", token, "--gate", strings.Join(gates, ",")}
		if got := cli.Main(args, &out, &errs); got != want {
			t.Errorf("%s: status %d, want %d\n%s%s", action, got, want, &out, &errs)
		}
	}
	f(0, "hold", holds)
	f(1, "hold", refuses)
	f(3, "hold", nobody)
	f(3, "status", nobody, nobody)
	f(4, "hold", hangsUp)
	f(3, "status", hangsUp) // a question changes nothing
	f(1, "hold", holds, nobody)
	f(4, "hold", holds, nobody, hangsUp)
}
