package opsapi

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
)

func TestFollowersShareOneEncoding(t *testing.T) {
	e := newEncodings()
	var encoded atomic.Int64
	changes := func() []plan.Change {
		encoded.Add(1)
		return []plan.Change{{Topic: plan.TopicHolds, Key: "all", Value: json.RawMessage(`{}`)}}
	}
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if _, err := e.get(encodingKey{stream.Change, 7, "[holds]"}, changes); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := encoded.Load(); n != 1 {
		t.Errorf("encoded %d times for 100 followers", n)
	}
	for _, other := range []encodingKey{{stream.Snapshot, 7, "[holds]"}, {stream.Change, 8, "[holds]"}, {stream.Change, 7, "[lines]"}} {
		before := encoded.Load()
		if _, err := e.get(other, changes); err != nil {
			t.Fatal(err)
		}
		if encoded.Load() == before {
			t.Errorf("%v was told what others were", other)
		}
	}
}

func TestEncodingsAreBounded(t *testing.T) {
	e := newEncodings()
	large := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	for index := range uint64(40) {
		if _, err := e.get(encodingKey{stream.Change, index, ""}, func() []plan.Change {
			return []plan.Change{{Topic: plan.TopicControllers, Key: "x", Value: large}}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if e.bytes > encodingsBytes || len(e.kept) != len(e.order) || len(e.kept) == 0 {
		t.Errorf("%d bytes are kept of %d messages (%d in order)", e.bytes, len(e.kept), len(e.order))
	}
}
