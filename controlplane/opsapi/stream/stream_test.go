package stream_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
)

func TestReaderReturnsWhatWriterSent(t *testing.T) {
	sent := []stream.Message{
		{Kind: stream.Snapshot, Index: 7, LeaderAge: 20 * time.Millisecond, Changes: []plan.Change{
			{Topic: "cohorts", Key: "1990-0", Value: json.RawMessage(`{"id":"1990-0"}`)},
		}},
		{Kind: stream.Change, Index: 9, Changes: []plan.Change{{Topic: "cohorts", Key: "1990-0"}}},
		{Kind: stream.Change, Index: 11, LeaderAge: 20 * time.Millisecond, Changes: []plan.Change{
			{Topic: "holds", Key: "서울\n", Value: json.RawMessage(`{"reason":"\u003cask\u003e \u2028"}`)},
		}},
		{Kind: stream.Bookmark, Index: 12, LeaderAge: time.Hour},
		{Kind: stream.Compacted, Index: 12},
	}
	recorder := httptest.NewRecorder()
	w := stream.NewWriter(recorder, time.Second)
	for _, m := range sent {
		changes, err := stream.Encode(m.Changes)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(m.Kind, m.Index, m.LeaderAge, changes); err != nil {
			t.Fatalf("Send(%s): %v", m.Kind, err)
		}
	}
	if got, want := recorder.Header().Get("Content-Type"), "text/event-stream"; got != want {
		t.Errorf("Content-Type = %q, want %q", got, want)
	}

	r := stream.NewReader(recorder.Body)
	for _, want := range sent {
		got, err := r.Next()
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs (-sent +received):\n%s", want.Kind, diff)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("Next after the last message = %v, want io.EOF", err)
	}
}

func TestReaderReadsForeignForms(t *testing.T) {
	f := func(name, body string, want uint64) {
		t.Helper()
		m, err := stream.NewReader(strings.NewReader(body)).Next()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m.Index != want {
			t.Errorf("%s: index %d, want %d", name, m.Index, want)
		}
	}
	f("comments and blank lines before", ": hello\n\n\nevent: bookmark\ndata: {\"index\":3}\n\n", 3)
	f("no space after the colon", "event:bookmark\ndata:{\"index\":4}\n\n", 4)
	f("carriage returns", "event: bookmark\r\ndata: {\"index\":5}\r\n\r\n", 5)
	f("data over two lines", "event: bookmark\ndata: {\"index\":\ndata: 6}\n\n", 6)
}

func TestReaderRefusesDamage(t *testing.T) {
	f := func(name, body string) {
		t.Helper()
		_, err := stream.NewReader(strings.NewReader(body)).Next()
		if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error %v, want damage reported", name, err)
		}
	}
	f("cut in the middle of an event", "event: change\ndata: {\"index\":3}\n")
	f("not JSON", "event: change\ndata: {\"index\n\n")
	f("an event of no known kind", "event: surprise\ndata: {}\n\n")
}
