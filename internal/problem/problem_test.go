package problem_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/internal/problem"
)

func TestWhatIsSentIsWhatIsRead(t *testing.T) {
	sent := problem.New(http.StatusConflict, "slot_taken", "that time is gone").
		With("alternatives", []any{"a", "b"}).With("code", "forged").Retry(1500 * time.Millisecond)
	w := httptest.NewRecorder()
	sent.Send(w)
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After = %q, want the seconds rounded up", got)
	}
	got := problem.Read(w.Result())
	want := problem.New(http.StatusConflict, "slot_taken", "that time is gone").Retry(1500 * time.Millisecond)
	want.With("alternatives", []any{"a", "b"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadOfSomethingElse(t *testing.T) {
	resp := &http.Response{StatusCode: 502, Status: "502 Bad Gateway", Body: io.NopCloser(strings.NewReader("<html>"))}
	if got := problem.Read(resp); got.Code != "unexpected" || got.Status != 502 {
		t.Errorf("got %+v", got)
	}
}
