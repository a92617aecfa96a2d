package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
)

// maxPoints is how many steps a range query may have, as in Prometheus.
const maxPoints = 11_000

// API serves the read part of Prometheus' HTTP API under /api/v1/, enough for
// Grafana as a data source and for promtool. Authentication is the caller's.
func (e *Engine) API() http.Handler {
	mux := http.NewServeMux()
	route := func(path string, answer func(*http.Request) (any, error)) {
		h := answering(answer)
		mux.Handle("GET /api/v1/"+path, h)
		mux.Handle("POST /api/v1/"+path, h)
	}
	route("query", e.instantQuery)
	route("query_range", e.rangeQuery)
	route("query_exemplars", e.exemplars)
	route("series", e.series)
	route("labels", e.labelNames)
	route("label/{name}/values", e.labelValues)
	route("rules", e.ruleGroups)
	route("alerts", e.activeAlerts)
	route("metadata", e.metadata)
	route("status/buildinfo", func(*http.Request) (any, error) { return buildInfo, nil })
	mux.Handle("/api/v1/", answering(func(r *http.Request) (any, error) {
		return nil, &apiError{"not_found", http.StatusNotFound, fmt.Errorf("no %s %s here", r.Method, r.URL.Path)}
	}))
	return mux
}

// buildInfo tells Grafana which dialect is spoken here.
var buildInfo = map[string]string{"version": "3.4.2", "application": "sunbeon"}

// apiError is a failed request in Prometheus' words: a type and a status.
type apiError struct {
	kind   string
	status int
	err    error
}

func (a *apiError) Error() string { return a.err.Error() }

func badData(format string, args ...any) error {
	return &apiError{"bad_data", http.StatusBadRequest, fmt.Errorf(format, args...)}
}

func answering(answer func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		data, err := any(nil), r.ParseForm()
		if err != nil {
			err = badData("read form: %w", err)
		} else {
			data, err = answer(r)
		}
		body := map[string]any{"status": "success", "data": data}
		if part, ok := data.(truncated); ok {
			body["data"], body["warnings"] = part.data, []string{"results truncated due to limit"}
		}
		status := http.StatusOK
		if err != nil {
			failure := &apiError{"internal", http.StatusInternalServerError, err}
			errors.As(err, &failure)
			status = failure.status
			body = map[string]any{"status": "error", "errorType": failure.kind, "error": failure.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	})
}

// number is written as Prometheus writes values: as text, so that it may be NaN
// or infinite.
type number float64

func (n number) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'f', -1, 64), nil
}

func (e *Engine) instantQuery(r *http.Request) (any, error) {
	at, err := timeOf(r, "time", time.Now())
	if err != nil {
		return nil, err
	}
	text, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	query, err := e.guests.engine.NewInstantQuery(r.Context(), e.db, nil, text, at)
	if err != nil {
		return nil, badData("%w", err)
	}
	return e.guests.run(r, query)
}

func (e *Engine) rangeQuery(r *http.Request) (any, error) {
	start, err := timeOf(r, "start", time.Time{})
	if err != nil {
		return nil, err
	}
	end, err := timeOf(r, "end", time.Time{})
	if err != nil {
		return nil, err
	}
	step, err := durationOf(r.Form.Get("step"))
	switch {
	case err != nil:
		return nil, badData("step: %w", err)
	case step < time.Millisecond:
		return nil, badData("step must be at least a millisecond")
	case end.Before(start):
		return nil, badData("end is before start")
	case end.Sub(start)/step > maxPoints:
		return nil, badData("more than %d points a series; use a longer step", maxPoints)
	}
	text, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	query, err := e.guests.engine.NewRangeQuery(r.Context(), e.db, nil, text, start, end, step)
	if err != nil {
		return nil, badData("%w", err)
	}
	return e.guests.run(r, query)
}

// longestQuery in bytes: nobody writes a longer one, and parsing it costs.
const longestQuery = 16 << 10

func queryOf(r *http.Request) (string, error) {
	text := r.Form.Get("query")
	if len(text) > longestQuery {
		return "", badData("a query of more than %d bytes", longestQuery)
	}
	return text, nil
}

func (g *guests) run(r *http.Request, query promql.Query) (any, error) {
	defer query.Close()
	leave, err := g.sit(r.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	result := query.Exec(r.Context())
	if result.Err != nil {
		var timeout promql.ErrQueryTimeout
		var canceled promql.ErrQueryCanceled
		switch {
		case errors.As(result.Err, &timeout):
			return nil, &apiError{"timeout", http.StatusServiceUnavailable, result.Err}
		case errors.As(result.Err, &canceled):
			return nil, &apiError{"canceled", 499, result.Err}
		}
		return nil, &apiError{"execution", http.StatusUnprocessableEntity, result.Err}
	}
	// The result's samples are reused once the query is closed.
	value, err := json.Marshal(result.Value)
	if err != nil {
		return nil, err
	}
	if string(value) == "null" { // nothing found is an empty list
		value = []byte("[]")
	}
	return map[string]any{"resultType": result.Value.Type(), "result": json.RawMessage(value)}, nil
}

// timeOf reads a time as Prometheus does: seconds since 1970 or RFC 3339. A
// zero fallback makes the parameter required.
func timeOf(r *http.Request, name string, fallback time.Time) (time.Time, error) {
	text := r.Form.Get(name)
	if text == "" {
		if fallback.IsZero() {
			return time.Time{}, badData("%s is required", name)
		}
		return fallback, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
			return time.Time{}, badData("%s %q is out of range", name, text)
		}
		whole, fraction := math.Modf(seconds)
		return time.Unix(int64(whole), int64(math.Round(fraction*1000))*int64(time.Millisecond)), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, badData("%s %q: use seconds since 1970 or RFC 3339", name, text)
	}
	return at, nil
}

// durationOf reads a duration as Prometheus does: seconds, or like 5m.
func durationOf(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(seconds) || math.Abs(seconds) > 1e9 {
			return 0, fmt.Errorf("%q is out of range", text)
		}
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(text)
	return time.Duration(d), err
}
