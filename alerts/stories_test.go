package alerts_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/rules"
)

// story is a stretch of telemetry, one sample a second, and the alerts that
// should fire at moments of it: the labels that tell them apart, or quiet.
type story struct {
	alert, name string
	series      []string
	want        map[int]string // by second, a multiple of five
}

const quiet = ""

// Prometheus' test notation: "1x29" is thirty samples of 1, "0+5x30" thirty-one
// that rise by 5, "_" a missing sample, "stale" the end of a series.
var stories = []story{
	{"SurgeErrorBudgetBurn", "half of the requests fail for two minutes", []string{
		requests("200", "0+100x300 30050+50x119 36100+100x600"),
		requests("503", "0x300 50+50x119 6000x600"),
	}, map[int]string{
		300: quiet,
		330: `{burn="slow", severity="warn"}`,
		400: `{burn="fast", severity="page"} {burn="slow", severity="warn"}`,
		490: `{burn="slow", severity="warn"}`,
		735: quiet,
	}},
	{"SurgeErrorBudgetBurn", "one in a hundred fails: that is what the budget is for", []string{
		requests("200", "0+99x600"), requests("500", "0+1x600"),
	}, map[int]string{300: quiet, 600: quiet}},
	{"SurgeErrorBudgetBurn", "one in ten fails for a while: worth a look, not a page", []string{
		requests("200", "0+90x600"), requests("503", "0+10x600"),
	}, map[int]string{300: `{burn="slow", severity="warn"}`, 600: `{burn="slow", severity="warn"}`}},
	{"SurgeErrorBudgetBurn", "a quiet night in which everything fails is no surge", []string{
		requests("502", "0+4x600"),
	}, map[int]string{300: quiet, 600: quiet}},
	{"SurgeErrorBudgetBurn", "refusals are answers", []string{
		requests("200", "0+100x400"), requests("409", "0+100x400"),
	}, map[int]string{400: quiet}},

	{"InvariantViolated", "one row pages at once, whoever sees it", []string{
		`sunbeon_invariant_violations{invariant="overbooked",instance="was-1"} 0x29 1x29 0x30`,
		`sunbeon_invariant_violations{invariant="overbooked",instance="was-2"} 0x89`,
		`sunbeon_invariant_violations{invariant="passless",instance="was-1"} 0x89`,
	}, map[int]string{25: quiet, 30: `{invariant="overbooked", severity="page"}`, 60: quiet}},
	{"InvariantViolated", "all is well", []string{
		`sunbeon_invariant_violations{invariant="overbooked",instance="was-1"} 0x60`,
	}, map[int]string{0: quiet, 60: quiet}},

	{"GateDown", "the gate goes away and comes back", []string{
		`up{job="gate",instance="gate-1"} 1x29 0x29 1x30`, `up{job="was",instance="was-1"} 0x90`,
	}, map[int]string{35: quiet, 40: `{instance="gate-1", job="gate", severity="page"}`, 60: quiet}},
	{"GateDown", "a restart of five seconds", []string{
		`up{job="gate",instance="gate-1"} 1x29 0x4 1x30`,
	}, map[int]string{30: quiet, 40: quiet, 60: quiet}},
	{"GateDown", "the plan forgets the gate that does not come back", []string{
		`up{job="gate",instance="gate-1"} 1x29 0x14 stale _x20 1x30`, `up{job="was",instance="was-1"} 1x120`,
	}, map[int]string{
		35: quiet,
		40: `{instance="gate-1", job="gate", severity="page"}`,
		60: `{instance="gate-1", job="gate", severity="page"}`,
		75: quiet,
	}},
	{"GateDown", "there never was a gate", []string{`up{job="was",instance="was-1"} 1x120`},
		map[int]string{5: quiet, 10: `{job="gate", severity="page"}`}},

	{"SegmentStale", "the gate is cut off and goes on by itself", []string{
		`sunbeon_gate_segment_age_seconds{instance="gate-1",cohort="tonight"} 1x29 1+1x30 1x30`,
		`sunbeon_serving_rate{instance="gate-1",cohort="tonight"} 110x29 100-2x30 110x30`,
	}, map[int]string{40: quiet, 45: quiet, 50: `{cohort="tonight", instance="gate-1", severity="page"}`, 65: quiet}},
	{"SegmentStale", "a paused line needs no new segment", []string{
		`sunbeon_gate_segment_age_seconds{instance="gate-1",cohort="tonight"} 0+1x90`,
		`sunbeon_serving_rate{instance="gate-1",cohort="tonight"} 0x90`,
	}, map[int]string{60: quiet, 90: quiet}},
	{"SegmentStale", "the nodes answer but have no leader", []string{
		`sunbeon_gate_leader_age_seconds{instance="gate-1"} 0x29 0+1x30 0x30`,
	}, map[int]string{40: quiet, 50: `{instance="gate-1", severity="page"}`, 65: quiet}},

	{"RecordFsyncSlow", "no sync below 100 ms for a minute", []string{
		`sunbeon_record_fsync_seconds_bucket{instance="gate-1",le="0.1"} 0+10x59 590x59 600+10x60`,
		`sunbeon_record_fsync_seconds_bucket{instance="gate-1",le="1"} 0+10x180`,
		`sunbeon_record_fsync_seconds_bucket{instance="gate-1",le="+Inf"} 0+10x180`,
		`sunbeon_record_fsync_seconds_count{instance="gate-1"} 0+10x180`,
	}, map[int]string{60: quiet, 85: `{instance="gate-1", severity="warn"}`, 155: quiet}},
	{"RecordFsyncSlow", "one slow sync in an idle gate", []string{
		`sunbeon_record_fsync_seconds_bucket{instance="gate-1",le="0.1"} 0x90`,
		`sunbeon_record_fsync_seconds_bucket{instance="gate-1",le="1"} 0x29 1x60`,
		`sunbeon_record_fsync_seconds_bucket{instance="gate-1",le="+Inf"} 0x29 1x60`,
		`sunbeon_record_fsync_seconds_count{instance="gate-1"} 0x29 1x60`,
	}, map[int]string{35: quiet, 50: quiet, 55: quiet}},

	{"UpstreamBreakerOpen", "every booking server stops asking for stock", []string{
		`sunbeon_breaker_open{system="stock",instance="was-1"} 0x29 1x29 0x30`,
		`sunbeon_breaker_open{system="stock",instance="was-2"} 0x29 1x29 0x30`,
		`sunbeon_breaker_open{system="eligibility",instance="was-1"} 0x90`,
	}, map[int]string{30: quiet, 35: `{severity="page", system="stock"}`, 60: quiet}},
	{"UpstreamBreakerOpen", "one server of three has trouble of its own", []string{
		`sunbeon_breaker_open{system="stock",instance="was-1"} 1x60`,
		`sunbeon_breaker_open{system="stock",instance="was-2"} 0x60`,
		`sunbeon_breaker_open{system="stock",instance="was-3"} 0x60`,
	}, map[int]string{30: quiet, 60: quiet}},

	{"WASHolding", "a quarter of the requests are held for half a minute", []string{
		served("0+20x180"),
		`sunbeon_was_held_total{reason="stock",instance="was-1"} 0x29 0+5x30 150x120`,
		`sunbeon_was_held_total{reason="cpu",instance="was-1"} 0x180`,
	}, map[int]string{40: quiet, 50: `{reason="stock", severity="warn"}`, 95: quiet}},
	{"WASHolding", "a handful is held while almost nobody is there", []string{
		served("0+0.5x90"),
		`sunbeon_was_held_total{reason="stock",instance="was-1"} 0x29 0+0.5x30`,
	}, map[int]string{45: quiet, 60: quiet}},
	{"WASHolding", "one in fifty is held", []string{
		served("0+100x90"),
		`sunbeon_was_held_total{reason="stock",instance="was-1"} 0+2x90`,
	}, map[int]string{60: quiet, 90: quiet}},

	{"OutboxBehind", "the receiver of messages is away for two minutes", []string{
		`sunbeon_outbox_backlog_seconds{follower="messages",instance="was-1"} 0x29 0+1x120 0x60`,
		`sunbeon_outbox_backlog_seconds{follower="messages",instance="was-2"} 0x210`,
		`sunbeon_outbox_backlog_seconds{follower="stock",instance="was-1"} 0x210`,
	}, map[int]string{90: quiet, 100: quiet, 110: `{follower="messages", severity="warn"}`, 155: quiet}},
	{"OutboxBehind", "a crowd books faster than messages leave for half a minute", []string{
		`sunbeon_outbox_backlog_seconds{follower="messages",instance="was-1"} 0x29 0+1x30 30-1x30 0x60`,
	}, map[int]string{45: quiet, 60: quiet, 120: quiet}},

	{"OutboxRefused", "one message is refused", []string{
		`sunbeon_outbox_deliveries_total{follower="messages",outcome="refused",instance="was-1"} 0x29 1x400`,
		`sunbeon_outbox_deliveries_total{follower="messages",outcome="delivered",instance="was-1"} 0+9x430`,
	}, map[int]string{25: quiet, 35: `{follower="messages", severity="warn"}`, 340: quiet}},
	{"OutboxRefused", "what fails is tried again and is no refusal", []string{
		`sunbeon_outbox_deliveries_total{follower="messages",outcome="refused",instance="was-1"} 3x120`,
		`sunbeon_outbox_deliveries_total{follower="messages",outcome="failed",instance="was-1"} 0+1x120`,
	}, map[int]string{60: quiet, 120: quiet}},

	{"StockMissing", "a reservation is lost and found again", []string{
		`sunbeon_stock_missing{instance="was-1"} 0x29 1x29 0x30`, `sunbeon_stock_missing{instance="was-2"} 0x89`,
	}, map[int]string{25: quiet, 30: `{severity="page"}`, 60: quiet}},
	{"StockMissing", "orphans are given back by themselves", []string{
		`sunbeon_stock_missing{instance="was-1"} 0x60`, `sunbeon_stock_orphans_total{instance="was-1"} 0+3x60`,
	}, map[int]string{30: quiet, 60: quiet}},

	{"StockSurplus", "a clinic gives fewer places and gives them back", []string{
		`sunbeon_stock_surplus_slots{instance="was-1"} 0x29 2x120 0x60`, `sunbeon_stock_surplus_slots{instance="was-2"} 0x210`,
	}, map[int]string{85: quiet, 95: `{severity="warn"}`, 155: quiet}},
	{"StockSurplus", "a slip of the hand is put right at once", []string{
		`sunbeon_stock_surplus_slots{instance="was-1"} 0x29 2x20 0x120`,
	}, map[int]string{40: quiet, 90: quiet, 120: quiet}},

	{"StockUnknown", "one change names a slot nobody imported", []string{
		`sunbeon_stock_unknown_supplies_total{instance="was-1"} 0x29 1x400`,
		`sunbeon_stock_unknown_supplies_total{instance="was-2"} 0x430`,
	}, map[int]string{25: quiet, 35: `{severity="warn"}`, 340: quiet}},
	{"StockUnknown", "what was seen before the server restarted is no news", []string{
		`sunbeon_stock_unknown_supplies_total{instance="was-1"} 3x60 0x60`,
	}, map[int]string{30: quiet, 60: quiet, 120: quiet}},

	{"EligibilityDisputed", "a wrong roster is booked by", []string{
		`sunbeon_eligibility_disputed_total{instance="was-1"} 0x29 0+1x30 30x700`,
		`sunbeon_booking_total{kind="book",outcome="done",instance="was-1"} 0+10x760`,
	}, map[int]string{25: quiet, 45: `{severity="warn"}`, 690: quiet}},
	{"EligibilityDisputed", "a few people in a nation have changed since", []string{
		`sunbeon_eligibility_disputed_total{instance="was-1"} 0+0.1x300`,
		`sunbeon_booking_total{kind="book",outcome="done",instance="was-1"} 0+100x300`,
	}, map[int]string{60: quiet, 180: quiet, 300: quiet}},
	{"EligibilityDisputed", "a hundred are too many in any nation", []string{
		`sunbeon_eligibility_disputed_total{instance="was-1"} 0+1x300`,
		`sunbeon_booking_total{kind="book",outcome="done",instance="was-1"} 0+1000x300`,
	}, map[int]string{60: quiet, 95: quiet, 150: `{severity="warn"}`}},
	{"EligibilityDisputed", "hardly anybody books and one is disputed", []string{
		`sunbeon_eligibility_disputed_total{instance="was-1"} 0x29 1x300`,
		`sunbeon_booking_total{kind="book",outcome="done",instance="was-1"} 0+0.1x330`,
	}, map[int]string{60: quiet, 300: quiet}},

	{"ReplicasShort", "two more are ordered and come late", []string{
		`sunbeon_replicas_desired{instance="controlplane-1"} 2x29 4x90`,
		`sunbeon_replicas_running{instance="controlplane-1"} 2x79 4x40`,
	}, map[int]string{55: quiet, 60: `{severity="warn"}`, 80: quiet}},
	{"ReplicasShort", "all are gone", []string{
		`sunbeon_replicas_desired{instance="controlplane-1"} 2x120`,
		`sunbeon_replicas_running{instance="controlplane-1"} 2x29 0x59 2x30`,
	}, map[int]string{35: quiet, 40: `{severity="page"}`, 60: `{severity="page"} {severity="warn"}`, 90: quiet}},
	{"ReplicasShort", "one starts within twenty seconds, as it should", []string{
		`sunbeon_replicas_desired{instance="controlplane-1"} 2x29 3x90`,
		`sunbeon_replicas_running{instance="controlplane-1"} 2x49 3x70`,
	}, map[int]string{45: quiet, 60: quiet, 90: quiet}},

	{"NoLeader", "the leader dies and nobody is elected for half a minute", []string{
		`sunbeon_raft_leader{instance="controlplane-1"} 1x29 stale _x60`,
		`sunbeon_raft_leader{instance="controlplane-2"} 0x59 1x30`,
		`sunbeon_raft_leader{instance="controlplane-3"} 0x90`,
	}, map[int]string{35: quiet, 40: `{severity="page"}`, 60: quiet}},
	{"NoLeader", "an election takes two seconds", []string{
		`sunbeon_raft_leader{instance="controlplane-1"} 1x29 0x60`,
		`sunbeon_raft_leader{instance="controlplane-2"} 0x31 1x60`,
	}, map[int]string{30: quiet, 45: quiet, 60: quiet}},
	{"NoLeader", "no node tells anything", []string{
		`sunbeon_raft_leader{instance="controlplane-1"} 1x29 stale _x60`, `up{job="gate"} 1x90`,
	}, map[int]string{35: quiet, 45: `{severity="page"}`}},

	{"PlanDiverged", "one node comes to another plan and is stopped", []string{
		mark("1", "0x29 281474976710655x60"), markIndex("1", "0x29 256x60"),
		mark("2", "0x29 281474976710655x60"), markIndex("2", "0x29 256x60"),
		mark("3", "0x29 281474976710654x29 stale"), markIndex("3", "0x29 256x29 stale"),
	}, map[int]string{35: quiet, 40: `{severity="page"}`, 65: quiet}},
	{"PlanDiverged", "a node lags behind the mark of the others", []string{
		mark("1", "7x29 9x60"), markIndex("1", "256x29 512x60"),
		mark("2", "7x29 9x60"), markIndex("2", "256x29 512x60"),
		mark("3", "7x90"), markIndex("3", "256x90"),
	}, map[int]string{30: quiet, 60: quiet, 90: quiet}},

	{"TargetDown", "a node dies, is forgotten by the plan, and comes back", []string{
		`up{job="controlplane",instance="controlplane-1"} 1x120`,
		`up{job="controlplane",instance="controlplane-2"} 1x29 0x14 stale _x43 1x30`,
	}, map[int]string{
		40: quiet,
		45: `{instance="controlplane-2", job="controlplane", severity="warn"}`,
		85: `{instance="controlplane-2", job="controlplane", severity="warn"}`,
		90: quiet,
	}},
	{"TargetDown", "the agent is restarted; a booking server drains and is forgotten", []string{
		`up{job="agent",instance="agent-1"} 1x29 0x9 1x60`, `up{job="was",instance="was-2"} 1x29 0x9 stale`,
		`up{job="gate",instance="gate-1"} 0x90`,
	}, map[int]string{35: quiet, 60: quiet, 90: quiet}},

	{"TelemetryStale", "scraping stops and begins again", []string{
		`up{job="was",instance="was-1"} 1x29 _x30 1x30`, `up{job="gate",instance="gate-1"} 1x29 _x30 1x30`,
	}, map[int]string{40: quiet, 50: `{severity="page"}`, 65: quiet}},
	{"TelemetryStale", "two of five processes stop answering", []string{
		`up{instance="a"} 1x120`, `up{instance="b"} 1x120`, `up{instance="c"} 1x120`,
		`up{instance="d"} 1x29 0x29 1x60`, `up{instance="e"} 1x29 0x29 1x60`,
	}, map[int]string{30: quiet, 35: `{severity="page"}`, 60: quiet}},
	{"TelemetryStale", "every target is gone", []string{`up{instance="a"} 1x29 stale _x60`},
		map[int]string{25: quiet, 40: `{severity="page"}`}},
	{"TelemetryStale", "a node that does not lead scrapes every five seconds", []string{
		`up{instance="a"} ` + strings.Repeat("1 _x4 ", 20),
	}, map[int]string{40: quiet, 60: quiet, 90: quiet}},

	{"LokiDropping", "Loki is down for a minute", []string{
		`sunbeon_loki_dropped_lines_total{job="gate",instance="gate-1"} 0x29 0+3x59 177x120`,
	}, map[int]string{35: quiet, 65: `{instance="gate-1", job="gate", severity="warn"}`, 155: quiet}},
	{"LokiDropping", "Loki keeps up", []string{
		`sunbeon_loki_dropped_lines_total{job="gate",instance="gate-1"} 5x120`,
	}, map[int]string{60: quiet, 120: quiet}},

	{"Watchdog", "always", []string{`up{job="gate"} 1x60`},
		map[int]string{0: `{severity="none"}`, 60: `{severity="none"}`}},
}

func requests(status, values string) string {
	return `http_server_request_duration_seconds_count{job="gate",instance="gate-1",http_route="POST /v1/bookings",http_response_status_code="` + status + `"} ` + values
}

func served(values string) string {
	return `http_server_request_duration_seconds_count{job="was",instance="was-1",http_route="GET /v1/eligibility",http_response_status_code="200"} ` + values
}

func mark(node, values string) string {
	return `sunbeon_plan_mark{instance="controlplane-` + node + `"} ` + values
}

func markIndex(node, values string) string {
	return `sunbeon_plan_mark_index{instance="controlplane-` + node + `"} ` + values
}

func TestStories(t *testing.T) {
	for _, s := range stories {
		t.Run(s.alert+"/"+s.name, func(t *testing.T) {
			t.Parallel()
			until := time.Duration(slices.Max(slices.Collect(maps.Keys(s.want)))) * time.Second
			looked := 0
			replay(t, s.alert, s.series, until, func(at time.Duration, firing []*rules.Alert) {
				for _, a := range firing {
					wellWritten(t, a)
				}
				want, asked := s.want[int(at/time.Second)]
				if !asked {
					return
				}
				looked++
				if got := shown(firing); got != want {
					t.Errorf("after %v: firing %q, want %q", at, got, want)
				}
			})
			if looked != len(s.want) {
				t.Errorf("%d of %d moments were looked at: they must be multiples of %v", looked, len(s.want), evaluateEvery)
			}
		})
	}
}

// TestEveryAlertHasItsStories asks of each alert a story in which it fires,
// one in which it falls silent again, and one in which it stays quiet. The
// dead man's switch can only fire.
func TestEveryAlertHasItsStories(t *testing.T) {
	fires, resolves, stays := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range stories {
		fired := false
		for _, second := range slices.Sorted(maps.Keys(s.want)) {
			if s.want[second] != quiet {
				fired = true
				fires[s.alert] = true
			} else if fired {
				resolves[s.alert] = true
			}
		}
		if !fired {
			stays[s.alert] = true
		}
	}
	for _, rule := range alertingRules(t) {
		name := rule.Alert
		if !fires[name] || rule.Labels["severity"] != "none" && !(resolves[name] && stays[name]) {
			t.Errorf("%s: fires %t, resolves %t, stays quiet %t", name, fires[name], resolves[name], stays[name])
		}
	}
}
