package consensus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/plan"
)

func TestConvoysCarryEverybodyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{}
		var mu sync.Mutex
		convoys, carried := 0, 0
		send := func(convoy []*passenger) {
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			convoys++
			carried += len(convoy)
			mu.Unlock()
			for _, p := range convoy {
				var index uint64
				if err := json.Unmarshal(p.command, &index); err != nil {
					t.Error(err)
				}
				p.answer <- forwarded{Result: &plan.Result{OK: true, Index: index}}
			}
		}
		var group sync.WaitGroup
		for i := range 500 {
			group.Go(func() {
				r, err := l.propose(t.Context(), send, fmt.Append(nil, i))
				if err != nil || r.Index != uint64(i) {
					t.Errorf("command %d got the answer to %d, %v", i, r.Index, err)
				}
			})
		}
		group.Wait()
		if carried != 500 || convoys > 20 {
			t.Errorf("%d commands in %d convoys", carried, convoys)
		}
	})
}

// Who leaves before the convoy does knows that nothing happened; who leaves
// after it does not know.
func TestWhoLeavesTheConvoyIsToldWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{}
		var group sync.WaitGroup
		for i := range convoysAtOnce + 1 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				time.Sleep(time.Duration(i) * time.Millisecond)
				_, err := l.propose(ctx, func([]*passenger) { time.Sleep(10 * time.Second) }, []byte("1"))
				want := plan.ErrUnknown
				if i == convoysAtOnce {
					want = plan.ErrRetryable
				}
				if !errors.Is(err, want) {
					t.Errorf("command %d: %v, want %v", i, err, want)
				}
			})
		}
		group.Wait()
		time.Sleep(time.Minute)
	})
}

func TestRefusalsOfTheConvoyReachEverybody(t *testing.T) {
	l := &lane{}
	lost := fmt.Errorf("%w: the leader is gone", plan.ErrUnknown)
	_, err := l.propose(t.Context(), func(convoy []*passenger) { convoy[0].failed <- lost }, []byte("1"))
	if !errors.Is(err, plan.ErrUnknown) {
		t.Error(err)
	}
	f := func(answer forwarded, want error) {
		t.Helper()
		_, err := l.propose(t.Context(), func(convoy []*passenger) { convoy[0].answer <- answer }, []byte("1"))
		if !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", answer, err, want)
		}
	}
	f(forwarded{Taken: true, Error: "leadership lost"}, plan.ErrUnknown)
	f(forwarded{Error: "not the leader"}, plan.ErrRetryable)
}
