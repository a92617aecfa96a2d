// Package problem writes and reads errors as RFC 9457 problem documents. Every
// error a client of any process sees is one of these, with a stable code.
package problem

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// Problem is one error as a client sees it. Code is stable and made for
// programs; Detail is made for people.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	// RetryAfterMS is how long to wait before asking again, in milliseconds;
	// zero where asking again would not help.
	RetryAfterMS int64 `json:"retry_after_ms,omitempty"`
	// Extra holds further members, such as the alternatives to a taken slot.
	Extra map[string]any `json:"-"`
}

// New returns a problem with the status's standard title.
func New(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// With adds a member to the document and returns the problem.
func (p *Problem) With(name string, value any) *Problem {
	if p.Extra == nil {
		p.Extra = map[string]any{}
	}
	p.Extra[name] = value
	return p
}

// Retry sets when asking again may help and returns the problem.
func (p *Problem) Retry(after time.Duration) *Problem {
	p.RetryAfterMS = max(after.Milliseconds(), 1)
	return p
}

// Error describes the problem in one line.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("%d %s", p.Status, p.Code)
	}
	return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
}

// MarshalJSON writes the standard members and Extra side by side; a standard
// member wins over an extra one of its name.
func (p *Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	standard, err := json.Marshal((*plain)(p))
	if err != nil || len(p.Extra) == 0 {
		return standard, err
	}
	members := map[string]any{}
	maps.Copy(members, p.Extra)
	if err := json.Unmarshal(standard, &members); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// Send writes the problem as the response.
func (p *Problem) Send(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal"}`)
	}
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	if p.RetryAfterMS > 0 {
		h.Set("Retry-After", strconv.FormatInt((p.RetryAfterMS+999)/1000, 10))
	}
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n'))
}

// Write responds with a problem.
func Write(w http.ResponseWriter, status int, code, detail string) {
	New(status, code, detail).Send(w)
}

// WriteRetry responds with a problem that time may cure: Retry-After in whole
// seconds, rounded up, and retry_after_ms exactly.
func WriteRetry(w http.ResponseWriter, status int, code, detail string, after time.Duration) {
	New(status, code, detail).Retry(after).Send(w)
}

// Unexpected is the code of what is no problem document.
const Unexpected = "unexpected"

// Read makes a problem of a response that is not a success. A body that is no
// problem document yields one with the code [Unexpected] and the response's
// status. It reads at most 64 KiB and does not close the body.
func Read(resp *http.Response) *Problem {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var p Problem
	if json.Unmarshal(body, &p) != nil || p.Code == "" {
		return New(resp.StatusCode, Unexpected, resp.Status)
	}
	json.Unmarshal(body, &p.Extra)
	for _, name := range []string{"type", "title", "status", "code", "detail", "retry_after_ms"} {
		delete(p.Extra, name)
	}
	p.Status = resp.StatusCode
	return &p
}
