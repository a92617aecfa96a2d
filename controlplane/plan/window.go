package plan

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/benbjohnson/immutable"
)

// Bounds of the window of request ids: ten minutes, and never more entries
// than this. Where the second cuts in, older commands are refused earlier.
const (
	windowMS      = 10 * 60 * 1000
	windowEntries = 1 << 16
)

// window remembers the answers to recent commands by request id. It is a
// persistent queue and map, so a plan shares it with the plan before.
type window struct {
	answers *immutable.Map[string, *answered] // by the key of the id
	queue   *immutable.List[*answered]
	// horizonMS is the newest author's time among what was forgotten: a
	// command that is not younger might have been answered before.
	horizonMS int64
}

// answered is one remembered answer, in the order of the log. It is never
// changed: map and queue share it, and copying their nodes copies no answers.
type answered struct {
	ID      string `json:"id"`
	TimeMS  int64  `json:"time_ms"`
	StampMS int64  `json:"stamp_ms"`
	Result  Result `json:"result"`
}

func newWindow() window {
	return window{answers: immutable.NewMap[string, *answered](nil), queue: immutable.NewList[*answered]()}
}

// keyEnd ends the key in a request id that also tells what was asked.
const keyEnd = "\x1f"

// RequestID is a request id that belongs to what is asked under its key: the
// same key with another content is refused, instead of being answered as if it
// had been done.
func RequestID(key, content string) string {
	sum := sha256.Sum256([]byte(content))
	return fmt.Sprintf("%s%s%x", key, keyEnd, sum[:8])
}

func keyOf(id string) string {
	key, _, _ := strings.Cut(id, keyEnd)
	return key
}

// answer returns what was answered to a request id.
func (w window) answer(id string) (Result, bool) {
	a, known := w.answers.Get(keyOf(id))
	switch {
	case !known:
		return Result{}, false
	case a.ID != id:
		return Result{Code: RequestReused, Detail: "another request was made under this id", Index: a.Result.Index}, true
	}
	return a.Result, true
}

// remember adds an answer and forgets those that fall out of the window.
func (w window) remember(a *answered) window {
	w.answers = w.answers.Set(keyOf(a.ID), a)
	w.queue = w.queue.Append(a)
	forget := 0
	for n := w.queue.Len(); forget < n; forget++ {
		oldest := w.queue.Get(forget)
		if n-forget <= windowEntries && oldest.StampMS >= a.StampMS-windowMS {
			break
		}
		w.answers = w.answers.Delete(keyOf(oldest.ID))
		w.horizonMS = max(w.horizonMS, oldest.TimeMS)
	}
	if forget > 0 {
		w.queue = w.queue.Slice(forget, w.queue.Len())
	}
	return w
}

// all lists the answers, oldest first.
func (w window) all() []*answered {
	answers := make([]*answered, 0, w.queue.Len())
	for i := w.queue.Iterator(); !i.Done(); {
		_, a := i.Next()
		answers = append(answers, a)
	}
	return answers
}

func windowOf(answers []*answered, horizonMS int64) window {
	byKey := immutable.NewMapBuilder[string, *answered](nil)
	queue := immutable.NewListBuilder[*answered]()
	for _, a := range answers {
		byKey.Set(keyOf(a.ID), a)
		queue.Append(a)
	}
	return window{answers: byKey.Map(), queue: queue.List(), horizonMS: horizonMS}
}
