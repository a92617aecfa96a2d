package telemetry

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// Signal is one question the controllers ask the database, declared here with
// all that is needed to judge the answer.
type Signal struct {
	Name string
	// Unit of the value: "1/s", "s", "1" for counts and shares.
	Unit string
	// Query is PromQL; its value is read per resource where ByResource names
	// the label that tells resources apart.
	Query      string
	ByResource string
	// Least and Most bound what is plausible; a value outside counts as not
	// measured.
	Least, Most float64
}

// window is how far back rates look: long enough for two scrapes at the
// leader's pace, short enough to react within three seconds.
const window = "4s"

// Span is how far back rates really look: the samples within the window are a
// second apart, the first of them one less than the window's length before the
// last.
const Span = 3 * time.Second

// Names of the signals.
const (
	Throughput  = "throughput"
	InFlight    = "in_flight"
	Latency     = "latency"
	Rejected    = "rejected"
	Rejecting   = "rejecting"
	Utilisation = "utilisation"
	Age         = "age"
	UpWAS       = "up_was"
)

// far bounds what one machine or system can plausibly report.
const far = 1e7

// BackendSignals describe the systems behind the WAS, by the label "system".
// Time is measured after the bulkhead, so that our own queue is not taken for
// theirs.
var BackendSignals = []Signal{
	{Throughput, "1/s", `sum by (system) (rate(sunbeon_upstream_requests_total{outcome=~"ok|refused"}[` + window + `]))`, "system", 0, far},
	{InFlight, "1", `sum by (system) (sunbeon_upstream_inflight)`, "system", 0, far},
	{Latency, "s", `sum by (system) (rate(sunbeon_upstream_seconds_sum[` + window + `])) / sum by (system) (rate(sunbeon_upstream_seconds_count[` + window + `]))`, "system", 0, 600},
	{Rejected, "1/s", `sum by (reason) (rate(sunbeon_was_held_total[` + window + `]))`, "reason", 0, far},
	{Rejecting, "1", `count by (reason) (rate(sunbeon_was_held_total[` + window + `]) > 0) / scalar(count(up{job="was"} == 1))`, "reason", 0, 1},
}

// WASSignals describe the pool of booking servers as one resource. A server
// that nobody has asked yet has no series of requests; that it is up makes that
// a zero. One that is up answered its last scrape.
var WASSignals = []Signal{
	{Throughput, "1/s", `sum(rate(http_server_request_duration_seconds_count{job="was",http_route=~"[A-Z]+ /v1/.*",http_response_status_code!~"5.."}[` + window + `])) or 0 * sum(up{job="was"})`, "", 0, far},
	{InFlight, "1", `sum(sunbeon_was_inflight)`, "", 0, far},
	{Latency, "s", `sum(rate(http_server_request_duration_seconds_sum{job="was",http_route=~"[A-Z]+ /v1/.*",http_response_status_code!~"5.."}[` + window + `])) / sum(rate(http_server_request_duration_seconds_count{job="was",http_route=~"[A-Z]+ /v1/.*",http_response_status_code!~"5.."}[` + window + `]))`, "", 0, 600},
	{Rejected, "1/s", `sum(rate(sunbeon_was_held_total{reason="cpu"}[` + window + `]))`, "", 0, far},
	{Rejecting, "1", `count(rate(sunbeon_was_held_total{reason="cpu"}[` + window + `]) > 0) / scalar(count(up{job="was"} == 1))`, "", 0, 1},
	{UpWAS, "1", `count(up{job="was"} == 1) or 0 * count(up{job="was"})`, "", 0, far},
	{Utilisation, "1", `max(rate(process_cpu_seconds_total{job="was"}[` + window + `]))`, "", 0, 256},
}

// AgeSignal is the age, in seconds, of the newest sample that at least 80 % of
// the WAS have; a WAS that does not answer is lost capacity, not lost sight.
// The selector stands bare within timestamp(): around anything else the
// function gives the time of the question.
var AgeSignal = Signal{Age, "s", `quantile(0.8, (time() - timestamp(up{job="was"})) and up{job="was"} == 1)`, "", 0, 3600}

// LedgerSignals describe the ledger, seen from the WAS that write to it.
var LedgerSignals = []Signal{
	{Throughput, "1/s", `sum(rate(sunbeon_ledger_batch_size_sum[` + window + `]))`, "", 0, far},
	{InFlight, "1", `sum(sunbeon_was_resource_inflight{resource="ledger"})`, "", 0, far},
	{Latency, "s", `sum(rate(sunbeon_ledger_commit_seconds_sum[` + window + `])) / sum(rate(sunbeon_ledger_commit_seconds_count[` + window + `]))`, "", 0, 600},
	{Rejected, "1/s", `sum(rate(sunbeon_was_held_total{reason="ledger"}[` + window + `]))`, "", 0, far},
	{Rejecting, "1", `count(rate(sunbeon_was_held_total{reason="ledger"}[` + window + `]) > 0) / scalar(count(up{job="was"} == 1))`, "", 0, 1},
}

// Unmeasured is the value of a signal that has no plausible answer.
var Unmeasured = math.NaN()

// Reading holds what signals said at one time: by resource, then by signal. A
// signal without an answer is missing.
type Reading map[string]map[string]float64

// Get returns a signal of a resource, or [Unmeasured].
func (r Reading) Get(resource, signal string) float64 {
	if v, ok := r[resource][signal]; ok {
		return v
	}
	return Unmeasured
}

// Read asks every signal at the given time. A signal that fails is missing from
// the reading; the error names the first that did.
func (e *Engine) Read(ctx context.Context, at time.Time) (Reading, error) {
	reading := Reading{}
	var first error
	ask := func(resource string, signals ...Signal) {
		for _, s := range signals {
			vector, err := e.Query(ctx, s.Query, at)
			if err != nil {
				if first == nil {
					first = fmt.Errorf("signal %s of %s: %w", s.Name, resource, err)
				}
				continue
			}
			reading.take(resource, s, vector)
		}
	}
	ask("", BackendSignals...)
	ask("was", WASSignals...)
	ask("was", AgeSignal)
	ask("ledger", LedgerSignals...)
	return reading, first
}

func (r Reading) take(resource string, s Signal, vector promql.Vector) {
	for _, sample := range vector {
		name := resource
		if s.ByResource != "" {
			name = sample.Metric.Get(s.ByResource)
		}
		if name == "" || !(sample.F >= s.Least && sample.F <= s.Most) {
			continue
		}
		if r[name] == nil {
			r[name] = map[string]float64{}
		}
		r[name][s.Name] = sample.F
	}
}
