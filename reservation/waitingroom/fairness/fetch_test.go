package fairness_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"sunbeon/reservation/waitingroom/fairness"
)

// Trick: a server that says it has a record sends whoever checks it more than
// their memory, their disk or their patience holds.
func TestTrickAServerThatSendsForEver(t *testing.T) {
	flood := func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 1<<16); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	f := func(name, want string, maxBytes int64, change func(mux map[string]http.HandlerFunc)) {
		t.Helper()
		handlers := map[string]http.HandlerFunc{
			fairness.CheckpointPath: say("a checkpoint"), fairness.WitnessedPath: say(`{}`),
			fairness.IndexPath: say(`{"segments":[{"name":"0.log","bytes":100}]}`), fairness.SegmentPath: flood,
		}
		change(handlers)
		mux := http.NewServeMux()
		for path, h := range handlers {
			mux.HandleFunc(path, h)
		}
		server := httptest.NewServer(mux)
		defer server.Close()
		dir := t.TempDir()
		_, err := fairness.Fetch(t.Context(), server.Client(), server.URL, dir, maxBytes)
		if got := fmt.Sprint(err); !strings.Contains(got, want) {
			t.Errorf("%s: %s", name, got)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if info, err := file.Info(); err != nil || info.Size() > 100 {
				t.Errorf("%s: %s has %d bytes (%v)", name, file.Name(), info.Size(), err)
			}
		}
	}
	index := func(segments string) func(map[string]http.HandlerFunc) {
		return func(mux map[string]http.HandlerFunc) {
			mux[fairness.IndexPath] = say(`{"segments":[` + segments + `]}`)
		}
	}
	f("a segment without an end is cut where the index says", "<nil>", 1000, func(map[string]http.HandlerFunc) {})
	for _, path := range []string{fairness.CheckpointPath, fairness.WitnessedPath, fairness.IndexPath} {
		f("flooded "+path, fairness.ErrTooLarge.Error(), 1000, func(mux map[string]http.HandlerFunc) { mux[path] = flood })
	}
	f("one file too large", fairness.ErrTooLarge.Error(), 1<<40, index(`{"name":"0.log","bytes":1000000000}`))
	f("all files too large", "a record of more than 150 bytes", 150, index(`{"name":"0.log","bytes":100},{"name":"1.log","bytes":100}`))
	f("less than nothing", fairness.ErrTooLarge.Error(), 1000, index(`{"name":"0.log","bytes":-1}`))
	f("the same file twice", "twice", 1000, index(`{"name":"0.log","bytes":10},{"name":"0.log","bytes":10}`))
	f("a file elsewhere", "it names a file", 1000, index(`{"name":"../0.log","bytes":10}`))
	f("a short file", "4 of 100 bytes", 1000, func(mux map[string]http.HandlerFunc) { mux[fairness.SegmentPath] = say("four") })
}

// Trick: the server sends a byte now and then.
func TestTrickAServerThatDribbles(t *testing.T) {
	dribble := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, ".")
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(dribble))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := fairness.Fetch(ctx, server.Client(), server.URL, t.TempDir(), 1000); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
}

func say(words string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, words) }
}
