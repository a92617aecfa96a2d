// Package alerts holds the alert rules. The files are Prometheus rule files:
// the control plane's embedded Prometheus loads them from the binary, and they
// load unchanged into a stock Prometheus of 2.42 or later.
//
// Every alert carries
//
//   - the label severity: page (somebody must act now), warn (look this
//     evening) or none (the dead man's switch, which always fires);
//   - summary and description, in English and, with the suffix _ko, in Korean.
//     The description says what to check next;
//   - runbook, the page that says what to do;
//   - dashboard, the path in Grafana of the panel that shows it.
//
// Ranges are 10 s or longer, and rules of thumb compare with margins, because
// Prometheus 2 and 3 disagree on the sample at the far end of a range.
package alerts

import "embed"

// Files holds the rule files at its root.
//
//go:embed *.yml
var Files embed.FS
