// Package dashboards holds the Grafana dashboard and the provisioning files
// that put it, and its data source, into a Grafana.
//
// The data source is any control-plane node's /api/v1, or a stock Prometheus
// that scrapes the same processes. Rates use $__rate_interval, so panels hold
// at any scrape interval.
package dashboards

import "embed"

// Files holds the dashboards (*.json) at its root and Grafana's provisioning
// directory under provisioning.
//
//go:embed *.json provisioning
var Files embed.FS
