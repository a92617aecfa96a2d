// Package telemetry is the embedded Prometheus of a control-plane node: it
// scrapes every process named in the plan into a time series database of its
// own, answers PromQL, and evaluates the alert rules. Controllers, alerts, the
// terminal UI and dashboards all ask the same questions of the same data.
//
// The parts are Prometheus' own (scrape, tsdb, promql, rules); this package
// only wires them, names the signals the controllers read ([Signals]) and
// serves the part of Prometheus' HTTP API that Grafana and promtool ask for.
package telemetry
