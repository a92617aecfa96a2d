package gate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/upstream/legacy"
)

// discard is a response nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkJoin takes a new place for each person, with everything behind the
// socket: cookie, index, group commit with fsync, signature and receipt.
func BenchmarkJoin(b *testing.B) {
	w := newWorld(b)
	w.define("a")
	keys, err := credential.LoadKeys(w.config.Keys)
	if err != nil {
		b.Fatal(err)
	}
	handler := w.gate.Handler()
	var people atomic.Int64
	b.SetParallelism(128)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			token, err := keys.Login.Seal(credential.Login{
				CI:   legacy.ConnectingInformation(fmt.Sprint(people.Add(1))),
				Name: "n", Birth: "1985-03-09", ExpiresMS: time.Now().Add(time.Hour).UnixMilli(),
			})
			if err != nil {
				b.Error(err)
			}
			r := httptest.NewRequest(http.MethodPost, "/v1/ticket", nil)
			r.Header.Set("Cookie", "sunbeon_login="+token)
			handler.ServeHTTP(&discard{header: http.Header{}}, r)
		}
	})
}

// BenchmarkServing polls the public document.
func BenchmarkServing(b *testing.B) {
	w := newWorld(b)
	w.define("a")
	handler := w.gate.Handler()
	resp, _ := w.anyone().do(http.MethodGet, "/v1/serving/a", "", nil)
	for name, seen := range map[string]string{"whole": "", "unchanged": resp.Header.Get("Etag")} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/v1/serving/a", nil)
			if seen != "" {
				r.Header.Set("If-None-Match", seen)
			}
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(&discard{header: http.Header{}}, r)
			}
		})
	}
}
